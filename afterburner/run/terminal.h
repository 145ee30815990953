/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The user's side of a guest's console: our standard input and output. */
#ifndef AFTERBURNER_RUN_TERMINAL_H
#define AFTERBURNER_RUN_TERMINAL_H

#include <stdbool.h>

/* Whether standard input should go to the guest: it is a terminal and we are in its foreground, or
 * the user asked for it with --interactive. */
bool terminal_wants_input(bool interactive);

/* If standard input is a terminal: gives keys at once and without echo, and with `raw` also those
 * that would make signals (Ctrl-C). terminal_restore() undoes it; nothing happens without a
 * terminal. */
void terminal_enter(bool raw);
void terminal_restore(void);

/* A descriptor for standard output on which a write does not wait for the reader. To be closed when
 * it is not STDOUT_FILENO itself. */
int terminal_open_output(void);

/* Scans keys for Ctrl-A, the escape of raw mode: Ctrl-A x ends the run, Ctrl-A Ctrl-A (or a) sends
 * one Ctrl-A. Rewrites `keys` in place, gives how many are left, and sets *quit. `*escaped` keeps
 * the state between calls. */
int terminal_filter_escape(char *keys, int count, bool *escaped, bool *quit);

#endif
