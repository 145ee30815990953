/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Holds what the sweep saw, and what the decoders think, against the table of sensitive
 * instructions. */
#ifndef SWEEP_COMPARE_H
#define SWEEP_COMPARE_H

#include <stddef.h>
#include <stdio.h>

#include "explained.h"
#include "sweep-abi.h"

/* Writes one line for each case whose rings differ: mode, bytes, outcome in ring 0, outcome in
 * ring 3. */
void compare_write(const struct sweep_shared *shared, FILE *output);

/* Both print what is left unexplained, with the line that would explain it, and give its number;
 * explanations that are no longer needed count too. */
size_t compare_sweep(const struct sweep_shared *shared, struct explained *explained);
size_t compare_decoders(const struct sweep_case *cases, size_t count, struct explained *explained);

#endif
