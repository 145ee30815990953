/* SPDX-License-Identifier: BSD-2-Clause */
/* The length of any instruction, as far as the opcode maps go (AMD64 manual 3, appendix A; Intel
 * manual 2, appendix A). */
#include "wedge/decode.h"
#include "wedge/reader.h"

static void skip(struct reader *reader, unsigned bytes)
{
    if ((uint64_t)(reader->end - reader->at) < bytes)
        reader->cut = true;
    else
        reader->at += bytes;
}

/* ModRM and what it asks for; gives its middle field. */
static unsigned skip_operand(struct reader *reader)
{
    uint8_t modrm = reader_next(reader);
    unsigned mode = modrm >> 6, rm = modrm & 7;

    if (mode != 3) {
        uint8_t sib = rm == 4 ? reader_next(reader) : 0;

        if (mode == 1)
            skip(reader, 1);
        else if (mode == 2 || (mode == 0 && rm == 5) || (rm == 4 && mode == 0 && (sib & 7) == 5))
            skip(reader, 4);
    }
    return modrm >> 3 & 7;
}

static unsigned full_immediate(const struct reader *reader)
{
    return reader->operand_16 ? 2 : 4;
}

/* The second map; prefixed forms (VEX, EVEX) have the same immediates. */
static void skip_map_0f(struct reader *reader, uint8_t opcode, bool vector)
{
    if (opcode >= 0x80 && opcode <= 0x8f && !vector) {
        skip(reader, 4);
        return;
    }
    if (!vector && (opcode == 0x05 || opcode == 0x06 || opcode == 0x07 || opcode == 0x08 ||
                    opcode == 0x09 || opcode == 0x0b || opcode == 0x0e ||
                    (opcode >= 0x30 && opcode <= 0x37) || (opcode >= 0xa0 && opcode <= 0xa2) ||
                    (opcode >= 0xa8 && opcode <= 0xaa) || (opcode >= 0xc8 && opcode <= 0xcf)))
        return;
    if (opcode == 0x77)
        return;
    skip_operand(reader);
    if ((opcode >= 0x70 && opcode <= 0x73) || opcode == 0xa4 || opcode == 0xac || opcode == 0xba ||
        opcode == 0xc2 || opcode == 0xc4 || opcode == 0xc5 || opcode == 0xc6)
        skip(reader, 1);
}

static void skip_map(struct reader *reader, unsigned map, bool vector)
{
    uint8_t opcode = reader_next(reader);

    if (map == 1) {
        skip_map_0f(reader, opcode, vector);
        return;
    }
    skip_operand(reader);
    if (map == 3)
        skip(reader, 1);
}

static void skip_two_bytes(struct reader *reader)
{
    uint8_t opcode = reader_next(reader);

    if (opcode == 0x38)
        skip_map(reader, 2, false);
    else if (opcode == 0x3a)
        skip_map(reader, 3, false);
    else
        skip_map_0f(reader, opcode, false);
}

/* Opcodes of one byte. Gives false for those that are none. */
static bool skip_opcode(struct reader *reader, uint8_t opcode)
{
    uint8_t byte;

    if (opcode < 0x40) {
        if ((opcode & 7) >= 6)
            return false; /* prefixes are gone; pushes of segments are not of 64 bits */
        if ((opcode & 7) < 4)
            skip_operand(reader);
        else
            skip(reader, (opcode & 7) == 4 ? 1 : full_immediate(reader));
        return true;
    }
    switch (opcode) {
    case 0x62: /* EVEX: three bytes, then the map's */
        byte = reader_next(reader);
        skip(reader, 2);
        skip_map(reader, byte & 7, true);
        return true;
    case 0xc4:
        byte = reader_next(reader);
        reader_next(reader);
        skip_map(reader, byte & 0x1f, true);
        return true;
    case 0xc5:
        reader_next(reader);
        skip_map(reader, 1, true);
        return true;
    case 0x63:
    case 0x84 ... 0x8f:
    case 0xd0 ... 0xd3:
    case 0xd8 ... 0xdf:
    case 0xfe:
    case 0xff:
        skip_operand(reader);
        return true;
    case 0x69:
    case 0x81:
    case 0xc7:
        skip_operand(reader);
        skip(reader, full_immediate(reader));
        return true;
    case 0x6b:
    case 0x80:
    case 0x83:
    case 0xc0:
    case 0xc1:
    case 0xc6:
        skip_operand(reader);
        skip(reader, 1);
        return true;
    case 0x68:
    case 0xa9:
        skip(reader, full_immediate(reader));
        return true;
    case 0xe8:
    case 0xe9:
        skip(reader, 4);
        return true;
    case 0x6a:
    case 0x70 ... 0x7f:
    case 0xa8:
    case 0xb0 ... 0xb7:
    case 0xcd:
    case 0xe0 ... 0xe7:
    case 0xeb:
        skip(reader, 1);
        return true;
    case 0xa0 ... 0xa3:
        skip(reader, reader->address_override ? 4 : 8);
        return true;
    case 0xb8 ... 0xbf:
        skip(reader, reader->rex & 8 ? 8 : full_immediate(reader));
        return true;
    case 0xc2:
    case 0xca:
        skip(reader, 2);
        return true;
    case 0xc8:
        skip(reader, 3);
        return true;
    case 0xf6:
        if (skip_operand(reader) < 2)
            skip(reader, 1);
        return true;
    case 0xf7:
        if (skip_operand(reader) < 2)
            skip(reader, full_immediate(reader));
        return true;
    case 0x60:
    case 0x61:
    case 0x82:
    case 0x9a:
    case 0xce:
    case 0xd4 ... 0xd6:
    case 0xea:
        return false; /* not of 64 bits */
    default:
        return true;
    }
}

unsigned instruction_length(const uint8_t *bytes, size_t size)
{
    struct reader reader = reader_start(bytes, size < INSTRUCTION_MAX ? size : INSTRUCTION_MAX, 64);
    uint8_t byte = reader_prefixes(&reader);
    bool known = true;

    if (byte == 0x0f)
        skip_two_bytes(&reader);
    else
        known = skip_opcode(&reader, byte);
    return known && !reader.cut ? (unsigned)(reader.at - bytes) : 0;
}

unsigned nop_length(const uint8_t *bytes, size_t size)
{
    unsigned prefix = size > 1 && bytes[0] == 0x66;

    if (size > prefix && bytes[prefix] == 0x90)
        return prefix + 1;
    return size > prefix + 1u && bytes[prefix] == 0x0f && bytes[prefix + 1] == 0x1f
               ? instruction_length(bytes, size)
               : 0;
}
