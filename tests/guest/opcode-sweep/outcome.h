/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What became of a case, in one word per ring. */
#ifndef SWEEP_OUTCOME_H
#define SWEEP_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>

#include "sweep-abi.h"

#define OUTCOME_TEXT_SIZE 512

/* Whether a run that ended like this got through its instruction: at the int3 behind it or where it
 * jumped to, or in the kernel through a system call; and did not fault. */
bool outcome_completed(unsigned end);

/* Describes one ring's side of a finding without blanks: how it ended (`ok+2`: past an instruction
 * of two bytes; `ok@8c00`: at an int3 elsewhere; `#GP(10)`: an exception and its error code;
 * `syscall`, `timeout`, `crash`, `hang`), then, when both ended the same way, the state that
 * differs. */
void outcome_describe(const struct sweep_finding *finding, unsigned slot,
                      char text[OUTCOME_TEXT_SIZE]);

#endif
