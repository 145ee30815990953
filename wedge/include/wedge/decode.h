/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoding single sensitive instructions, where no record tells of them. */
#ifndef WEDGE_DECODE_H
#define WEDGE_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wedge/reader.h"

/* cpu/decode.c: what the first of these bytes are, in 64- or 32-bit code, as the record of a site
 * without a pad. Gives false when they are no sensitive instruction that we know. */
bool decode_sensitive(const uint8_t *bytes, size_t size, unsigned bits, struct wedge_site *site);

/* cpu/length.c: the length of the first instruction of these bytes in 64-bit code; 0 when they are
 * none that we know, or are cut off. */
unsigned instruction_length(const uint8_t *bytes, size_t size);

/* The same of NOPs of the kinds that assemblers and kernels pad with: 90, 66 90, and 0F 1F /0 with
 * or without 66; 0 when they are none. */
unsigned nop_length(const uint8_t *bytes, size_t size);

#endif
