/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of instructions the sweep runs. */
#ifndef SWEEP_CASES_H
#define SWEEP_CASES_H

#include <stddef.h>
#include <stdint.h>

#include "sweep-abi.h"

/* Writes all cases in their fixed order; gives their number. `cases` has room for SWEEP_CASES_MAX;
 * should that not do, the answer is SWEEP_CASES_MAX + 1. */
size_t cases_enumerate(struct sweep_case *cases);

/* Writes the bytes a case gives (without the SWEEP_FILL after them) as hexadecimal digits. */
void cases_to_text(const struct sweep_case *test, char *text, size_t size);

/* Writes which opcode it is whatever the prefixes: its bytes, and behind a slash the ModRM /reg
 * that selects among a group ("0f01/2"), or ModRM itself where each value is an instruction of its
 * own ("0f01c8"). */
void cases_opcode(const struct sweep_case *test, char *text, size_t size);

#endif
