/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading an instruction from its bytes: prefixes, ModRM with what it asks for, immediates. */
#ifndef WEDGE_READER_H
#define WEDGE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "afterburn/image.h"

#define INSTRUCTION_MAX 15

struct reader {
    const uint8_t *at, *end;
    unsigned bits;        /* 64 or 32 */
    uint8_t rex, segment; /* AFTERBURN_REGISTER_NONE: no prefix for one */
    bool operand_16, repeat, address_override, f2;
    bool cut; /* more was asked for than there is */
    uint8_t modrm;
};

struct reader reader_start(const uint8_t *bytes, size_t size, unsigned bits);

/* The next byte, or a signed number of 1, 2, 4 or 8 bytes; behind the end there are zeroes. */
uint8_t reader_next(struct reader *reader);
int64_t reader_number(struct reader *reader, unsigned width);

/* Passes all prefixes, REX too; gives the opcode's first byte. */
uint8_t reader_prefixes(struct reader *reader);

/* A record of the instruction without operands, once its prefixes are read. */
struct wedge_site reader_site(const struct reader *reader);

/* Of the ModRM byte in the reader: its register; whether the other operand is one, too; that
 * operand, a register to `*place`, memory to the record. */
unsigned reader_register(const struct reader *reader);
bool reader_has_register(const struct reader *reader);
void reader_operand(struct reader *reader, struct wedge_site *site, uint8_t *place);

#endif
