/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which table entry a decoded instruction is: once for each decoder, from the same table. */
#ifndef AFTERBURNER_DECODE_CLASSIFY_H
#define AFTERBURNER_DECODE_CLASSIFY_H

#include <Zydis/Zydis.h>
#include <capstone/capstone.h>
#include <stddef.h>

/* Prepares a Zydis decoder for code of 16, 32 or 64 bits. */
void zydis_open(ZydisDecoder *decoder, int bits);

/* Zydis's name of an instruction, but for what Zydis 4.0.0 gets wrong: it takes F3 0F 09 for
 * wbinvd, even in its WBNOINVD mode. */
const char *zydis_mnemonic(const ZydisDecodedInstruction *instruction);

/* The entry number of an instruction decoded by Zydis (operands: all of them), 0 when it is
 * innocuous. */
int classify_zydis(const ZydisDecodedInstruction *instruction, const ZydisDecodedOperand *operands);

/* The same for Capstone; the handle must have CS_OPT_DETAIL on. */
int classify_capstone(csh handle, const cs_insn *instruction);

/* Decodes the first instruction of `bytes` with Zydis. Gives its entry number, or 0 when it is
 * innocuous or cannot be decoded; *length (may be NULL) is its length in bytes, 0 when it cannot be
 * decoded; *before (may be NULL) is whether a site of it is padded before. */
int classify_bytes(const unsigned char *bytes, size_t size, int bits, size_t *length, int *before);

/* Whether the instruction does nothing, so that it may pad a site: nop of any length, or the 32-bit
 * `lea 0(reg),reg` that GNU as pads with where long nops are not known. */
int is_padding_nop(const ZydisDecodedInstruction *instruction, const ZydisDecodedOperand *operands);

/* Whether lfence stands there: GNU as puts one behind instructions that load
 * (-mlfence-after-load). */
#define LFENCE_LENGTH 3
int classify_is_lfence(const unsigned char *bytes);

#endif
