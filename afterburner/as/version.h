/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which assembler this is: GNU as's own answer, and then ours. */
#ifndef AFTERBURNER_AS_VERSION_H
#define AFTERBURNER_AS_VERSION_H

/* Runs GNU as with words that ask for its version, and prints its answer with our line behind it.
 * Gives GNU as's exit code; or EXIT_CODE_TOOL or EXIT_CODE_OUTPUT, after a message. */
int version_answer(char **words);

/* Prints our line on standard error, behind what GNU as said there. */
void version_add(void);

#endif
