/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A decoded instruction's operands in the form records keep them. */
#ifndef AFTERBURNER_DECODE_OPERANDS_H
#define AFTERBURNER_DECODE_OPERANDS_H

#include <Zydis/Zydis.h>
#include <stddef.h>

#include "afterburn/record.h"

/* Fills width, registers, memory operand, immediate and their flags; the record's other fields
 * stay. */
void operands_describe(const ZydisDecodedInstruction *instruction,
                       const ZydisDecodedOperand *operands, struct afterburn_record *record);

/* The instruction in AT&T syntax, addresses relative to itself: what identities are made with. */
void operands_normalised_text(const ZydisDecodedInstruction *instruction,
                              const ZydisDecodedOperand *operands, char *text, size_t capacity);

#endif
