/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages to the user. One line each: `afterburner COMMAND: what: why; what to do`. */
#ifndef AFTERBURNER_CLI_MESSAGE_H
#define AFTERBURNER_CLI_MESSAGE_H

/* Names the subcommand whose messages follow; the pointer is kept, not copied. */
void message_set_command(const char *command);

/* Prints one line on standard error, prefixed by the program and subcommand. */
void message_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void message_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For memory exhaustion: one line, then exit(EXIT_CODE_INTERNAL). */
void message_out_of_memory(void) __attribute__((noreturn));

#endif
