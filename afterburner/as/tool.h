/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The real assembler: finding and running it. */
#ifndef AFTERBURNER_AS_TOOL_H
#define AFTERBURNER_AS_TOOL_H

/* The path of the real GNU as: AFTERBURNER_REAL_AS, or the first `as` in PATH that is not this
 * program. Gives NULL after a message when there is none; the caller frees it. */
char *tool_find_as(void);

/* The folder of this program's `as` link, for gcc -B: AFTERBURNER_LIBEXEC, beside an installed
 * program
 * (../libexec/afterburner), or beside one in its build folder. NULL after a message; the caller
 * frees it. */
char *tool_find_libexec(void);

/* Runs a program to its end: standard input from `input` (-1: inherited), standard output to
 * `output` (-1: inherited), standard error to `error` (-1: inherited). Gives its exit code, 128
 * plus the signal that ended it, or -1 after a message when it could not be started. While it runs,
 * a signal that ends us ends it too. */
int tool_run(char **words, int input, int output, int error);

#endif
