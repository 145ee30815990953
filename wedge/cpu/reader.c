/* SPDX-License-Identifier: BSD-2-Clause */
/* Opcode maps and prefixes: AMD64 manual 3, chapter 1 and appendix A. */
#include "wedge/reader.h"

#include "afterburn/record.h"
#include "wedge/vcpu.h"

struct reader reader_start(const uint8_t *bytes, size_t size, unsigned bits)
{
    return (struct reader){
        .at = bytes, .end = bytes + size, .bits = bits, .segment = AFTERBURN_REGISTER_NONE};
}

uint8_t reader_next(struct reader *reader)
{
    if (reader->at < reader->end)
        return *reader->at++;
    reader->cut = true;
    return 0;
}

int64_t reader_number(struct reader *reader, unsigned width)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < width; i++)
        value |= (uint64_t)reader_next(reader) << 8 * i;
    return width == 1   ? (int8_t)value
           : width == 2 ? (int16_t)value
           : width == 4 ? (int32_t)value
                        : (int64_t)value;
}

uint8_t reader_prefixes(struct reader *reader)
{
    for (;;) {
        uint8_t byte = reader_next(reader);

        switch (byte) {
        case 0x26:
            reader->segment = SEGMENT_ES;
            break;
        case 0x2e:
            reader->segment = SEGMENT_CS;
            break;
        case 0x36:
            reader->segment = SEGMENT_SS;
            break;
        case 0x3e:
            reader->segment = SEGMENT_DS;
            break;
        case 0x64:
            reader->segment = SEGMENT_FS;
            break;
        case 0x65:
            reader->segment = SEGMENT_GS;
            break;
        case 0x66:
            reader->operand_16 = true;
            break;
        case 0x67:
            reader->address_override = true;
            break;
        case 0xf2:
            reader->f2 = true;
            break;
        case 0xf3:
            reader->repeat = true;
            break;
        case 0xf0:
            break;
        default:
            if (reader->bits != 64 || (byte & 0xf0) != 0x40)
                return byte;
            reader->rex = byte;
            return reader_next(reader);
        }
    }
}

struct wedge_site reader_site(const struct reader *reader)
{
    return (struct wedge_site){
        .bits = (uint8_t)reader->bits,
        .width = 4,
        .reg = AFTERBURN_REGISTER_NONE,
        .reg2 = AFTERBURN_REGISTER_NONE,
        .special = AFTERBURN_REGISTER_NONE,
        .base = AFTERBURN_REGISTER_NONE,
        .index = AFTERBURN_REGISTER_NONE,
        .segment = AFTERBURN_REGISTER_NONE,
        .address_width = (uint8_t)(reader->bits / (reader->address_override ? 16 : 8)),
    };
}

unsigned reader_register(const struct reader *reader)
{
    return (reader->modrm >> 3 & 7) | (reader->rex & 4 ? 8 : 0);
}

bool reader_has_register(const struct reader *reader)
{
    return reader->modrm >> 6 == 3;
}

void reader_operand(struct reader *reader, struct wedge_site *site, uint8_t *place)
{
    unsigned mode = reader->modrm >> 6, rm = reader->modrm & 7,
             extended = rm | (reader->rex & 1 ? 8 : 0);

    if (mode == 3) {
        *place = (uint8_t)extended;
        return;
    }
    site->flags |= AFTERBURN_MEMORY;
    site->segment = SEGMENT_DS;
    if (rm == 4) {
        uint8_t sib = reader_next(reader);
        unsigned index = (sib >> 3 & 7) | (reader->rex & 2 ? 8 : 0);

        if (index != 4) {
            site->index = (uint8_t)index;
            site->scale = (uint8_t)(1 << (sib >> 6));
        }
        if ((sib & 7) == 5 && mode == 0)
            site->displacement = (int32_t)reader_number(reader, 4);
        else
            site->base = (sib & 7) | (reader->rex & 1 ? 8 : 0);
    } else if (rm == 5 && mode == 0) {
        site->displacement = (int32_t)reader_number(reader, 4);
        site->base = reader->bits == 64 ? AFTERBURN_REGISTER_IP : AFTERBURN_REGISTER_NONE;
    } else {
        site->base = (uint8_t)extended;
    }
    if (site->base == GPR_RSP || site->base == GPR_RBP)
        site->segment = SEGMENT_SS;
    if (reader->segment != AFTERBURN_REGISTER_NONE)
        site->segment = reader->segment;
    if (mode == 1)
        site->displacement = (int32_t)reader_number(reader, 1);
    if (mode == 2)
        site->displacement = (int32_t)reader_number(reader, 4);
}
