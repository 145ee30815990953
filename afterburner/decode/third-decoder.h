/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libopcodes (the decoder of objdump) as the third opinion where Zydis and Capstone differ. */
#ifndef AFTERBURNER_DECODE_THIRD_DECODER_H
#define AFTERBURNER_DECODE_THIRD_DECODER_H

#include <stddef.h>
#include <stdint.h>

/* Decodes one instruction; its length in bytes, 0 when libopcodes cannot. `text` gets its AT&T
 * text. */
size_t third_decode(const unsigned char *bytes, size_t size, uint64_t address, int bits, char *text,
                    size_t capacity);

#endif
