/* SPDX-License-Identifier: BSD-2-Clause */
/* Opcodes: AMD64 manual 3, appendix A. The fields of a record: docs/record-format.md. */
#include "wedge/decode.h"

#include "afterburn/record.h"
#include "afterburn/sensitive.h"
#include "wedge/vcpu.h"

struct reader {
    const uint8_t *at, *end;
    unsigned bits;
    uint8_t rex, segment;
    bool operand_16, repeat, address_override, f2;
    uint8_t modrm;
};

static uint8_t next(struct reader *reader)
{
    return reader->at < reader->end ? *reader->at++ : 0;
}

static int32_t number(struct reader *reader, unsigned width)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < width; i++)
        value |= (uint32_t)next(reader) << 8 * i;
    return width == 1 ? (int8_t)value : width == 2 ? (int16_t)value : (int32_t)value;
}

static uint8_t read_prefixes(struct reader *reader)
{
    for (;;) {
        uint8_t byte = next(reader);

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
            return next(reader);
        }
        if (reader->at == reader->end)
            return 0;
    }
}

static unsigned reg(const struct reader *reader)
{
    return (reader->modrm >> 3 & 7) | (reader->rex & 4 ? 8 : 0);
}

static bool is_register(const struct reader *reader)
{
    return reader->modrm >> 6 == 3;
}

/* The register-or-memory operand of ModRM. A register goes to `*place`. */
static void operand(struct reader *reader, struct wedge_site *site, uint8_t *place)
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
        uint8_t sib = next(reader);
        unsigned index = (sib >> 3 & 7) | (reader->rex & 2 ? 8 : 0);

        if (index != 4) {
            site->index = (uint8_t)index;
            site->scale = (uint8_t)(1 << (sib >> 6));
        }
        if ((sib & 7) == 5 && mode == 0)
            site->displacement = number(reader, 4);
        else
            site->base = (sib & 7) | (reader->rex & 1 ? 8 : 0);
    } else if (rm == 5 && mode == 0) {
        site->displacement = number(reader, 4);
        site->base = reader->bits == 64 ? AFTERBURN_REGISTER_IP : AFTERBURN_REGISTER_NONE;
    } else {
        site->base = (uint8_t)extended;
    }
    if (site->base == GPR_RSP || site->base == GPR_RBP)
        site->segment = SEGMENT_SS;
    if (reader->segment != AFTERBURN_REGISTER_NONE)
        site->segment = reader->segment;
    if (mode == 1)
        site->displacement = number(reader, 1);
    if (mode == 2)
        site->displacement = number(reader, 4);
}

static unsigned set(struct wedge_site *site, unsigned kind, unsigned width)
{
    site->width = (uint8_t)width;
    return kind;
}

static unsigned with_operand(struct reader *reader, struct wedge_site *site, unsigned kind,
                             unsigned width)
{
    operand(reader, site, &site->reg);
    return set(site, kind, width);
}

/* 0F 01 with a register: each byte is an instruction. */
static unsigned group_7_registers(struct reader *reader, struct wedge_site *site, unsigned width)
{
    switch (reader->modrm) {
    case 0xc8:
        return SENSITIVE_monitor;
    case 0xc9:
        return SENSITIVE_mwait;
    case 0xca:
        return SENSITIVE_clac;
    case 0xcb:
        return SENSITIVE_stac;
    case 0xd0:
        return SENSITIVE_xgetbv;
    case 0xd1:
        return SENSITIVE_xsetbv;
    case 0xf8:
        return reader->bits == 64 ? SENSITIVE_swapgs : SENSITIVE_NONE;
    case 0xf9:
        return SENSITIVE_rdtscp;
    default:
        break;
    }
    switch (reader->modrm >> 3 & 7) {
    case 4:
        return with_operand(reader, site, SENSITIVE_smsw, width);
    case 6:
        return with_operand(reader, site, SENSITIVE_lmsw, 2);
    default:
        return SENSITIVE_NONE;
    }
}

static unsigned group_7(struct reader *reader, struct wedge_site *site, unsigned width)
{
    static const uint16_t kinds[] = {SENSITIVE_sgdt, SENSITIVE_sidt,  SENSITIVE_lgdt,
                                     SENSITIVE_lidt, SENSITIVE_smsw,  SENSITIVE_NONE,
                                     SENSITIVE_lmsw, SENSITIVE_invlpg};

    reader->modrm = next(reader);
    if (is_register(reader))
        return group_7_registers(reader, site, width);
    return with_operand(reader, site, kinds[reader->modrm >> 3 & 7], 2);
}

static unsigned group_6(struct reader *reader, struct wedge_site *site, unsigned width)
{
    static const uint16_t kinds[] = {SENSITIVE_sldt, SENSITIVE_str,  SENSITIVE_lldt,
                                     SENSITIVE_ltr,  SENSITIVE_verr, SENSITIVE_verw,
                                     SENSITIVE_NONE, SENSITIVE_NONE};
    unsigned which;

    reader->modrm = next(reader);
    which = reader->modrm >> 3 & 7;
    return with_operand(reader, site, kinds[which], which < 2 && is_register(reader) ? width : 2);
}

static unsigned special_move(struct reader *reader, struct wedge_site *site, unsigned kind)
{
    reader->modrm = next(reader);
    site->special = (uint8_t)reg(reader);
    site->reg = (uint8_t)((reader->modrm & 7) | (reader->rex & 1 ? 8 : 0));
    return set(site, kind, reader->bits / 8);
}

static unsigned segment_move(struct reader *reader, struct wedge_site *site, bool to,
                             unsigned width)
{
    reader->modrm = next(reader);
    site->special = reader->modrm >> 3 & 7;
    if (site->special > SEGMENT_GS || (to && site->special == SEGMENT_CS))
        return SENSITIVE_NONE;
    operand(reader, site, &site->reg);
    return set(site, to ? SENSITIVE_mov_to_segment : SENSITIVE_mov_from_segment,
               to || !is_register(reader) ? 2 : width);
}

static unsigned selector_load(struct reader *reader, struct wedge_site *site, unsigned kind,
                              unsigned width)
{
    reader->modrm = next(reader);
    site->reg = (uint8_t)reg(reader);
    operand(reader, site, &site->reg2);
    return set(site, kind, width);
}

static unsigned base_access(struct reader *reader, struct wedge_site *site)
{
    static const uint16_t kinds[] = {SENSITIVE_rdfsbase, SENSITIVE_rdgsbase, SENSITIVE_wrfsbase,
                                     SENSITIVE_wrgsbase};

    reader->modrm = next(reader);
    if (!reader->repeat || !is_register(reader) || (reader->modrm >> 3 & 7) > 3 ||
        reader->bits != 64)
        return SENSITIVE_NONE;
    return with_operand(reader, site, kinds[reader->modrm >> 3 & 7], reader->rex & 8 ? 8 : 4);
}

static unsigned two_bytes(struct reader *reader, struct wedge_site *site, unsigned width)
{
    unsigned stack = reader->bits == 64 ? 8 : width;

    switch (next(reader)) {
    case 0x00:
        return group_6(reader, site, width);
    case 0x01:
        return group_7(reader, site, width);
    case 0x02:
        return selector_load(reader, site, SENSITIVE_lar, width);
    case 0x03:
        return selector_load(reader, site, SENSITIVE_lsl, width);
    case 0x05:
        return SENSITIVE_syscall;
    case 0x06:
        return SENSITIVE_clts;
    case 0x07:
        return set(site, SENSITIVE_sysret, reader->rex & 8 ? 8 : 4);
    case 0x08:
        return SENSITIVE_invd;
    case 0x09:
        return SENSITIVE_wbinvd;
    case 0x20:
        return special_move(reader, site, SENSITIVE_mov_from_control);
    case 0x21:
        return special_move(reader, site, SENSITIVE_mov_from_debug);
    case 0x22:
        return special_move(reader, site, SENSITIVE_mov_to_control);
    case 0x23:
        return special_move(reader, site, SENSITIVE_mov_to_debug);
    case 0x30:
        return SENSITIVE_wrmsr;
    case 0x31:
        return SENSITIVE_rdtsc;
    case 0x32:
        return SENSITIVE_rdmsr;
    case 0x33:
        return SENSITIVE_rdpmc;
    case 0x34:
        return SENSITIVE_sysenter;
    case 0x35:
        return SENSITIVE_sysexit;
    case 0xa0:
    case 0xa8:
        site->special = reader->at[-1] == 0xa0 ? SEGMENT_FS : SEGMENT_GS;
        return set(site, SENSITIVE_push_segment, stack);
    case 0xa1:
    case 0xa9:
        site->special = reader->at[-1] == 0xa1 ? SEGMENT_FS : SEGMENT_GS;
        return set(site, SENSITIVE_pop_segment, stack);
    case 0xa2:
        return SENSITIVE_cpuid;
    case 0xae:
        return base_access(reader, site);
    default:
        return SENSITIVE_NONE;
    }
}

static unsigned port(struct reader *reader, struct wedge_site *site, uint8_t opcode, unsigned width)
{
    if (opcode < 0xe8) {
        site->flags |= AFTERBURN_IMMEDIATE;
        site->immediate = next(reader);
    }
    return set(site, opcode & 2 ? SENSITIVE_out : SENSITIVE_in,
               opcode & 1 ? width > 4 ? 4 : width : 1);
}

static unsigned far_indirect(struct reader *reader, struct wedge_site *site, unsigned width)
{
    unsigned which;

    reader->modrm = next(reader);
    which = reader->modrm >> 3 & 7;
    if (is_register(reader) || (which != 3 && which != 5))
        return SENSITIVE_NONE;
    return with_operand(reader, site, which == 3 ? SENSITIVE_far_call : SENSITIVE_far_jmp,
                        width + 2);
}

static unsigned one_byte(struct reader *reader, struct wedge_site *site, uint8_t opcode,
                         unsigned width)
{
    unsigned stack = reader->operand_16 ? 2 : reader->bits / 8;

    switch (opcode) {
    case 0x0f:
        return two_bytes(reader, site, width);
    case 0x6c:
    case 0x6d:
    case 0x6e:
    case 0x6f:
        if (reader->repeat || reader->f2)
            site->flags |= AFTERBURN_REPEAT;
        site->segment = reader->segment == AFTERBURN_REGISTER_NONE ? SEGMENT_DS : reader->segment;
        return set(site, opcode < 0x6e ? SENSITIVE_ins : SENSITIVE_outs,
                   opcode & 1 ? width > 4 ? 4 : width : 1);
    case 0x8c:
        return segment_move(reader, site, false, width);
    case 0x8e:
        return segment_move(reader, site, true, width);
    case 0x9c:
        return set(site, SENSITIVE_pushf, stack);
    case 0x9d:
        return set(site, SENSITIVE_popf, stack);
    case 0xca:
        site->flags |= AFTERBURN_IMMEDIATE;
        site->immediate = (uint16_t)number(reader, 2);
        return set(site, SENSITIVE_far_ret, width);
    case 0xcb:
        return set(site, SENSITIVE_far_ret, width);
    case 0xcd:
        site->flags |= AFTERBURN_IMMEDIATE;
        site->immediate = next(reader);
        return SENSITIVE_int;
    case 0xcf:
        return set(site, SENSITIVE_iret, width);
    case 0xe4:
    case 0xe5:
    case 0xe6:
    case 0xe7:
    case 0xec:
    case 0xed:
    case 0xee:
    case 0xef:
        return port(reader, site, opcode, width);
    case 0xf1:
        return SENSITIVE_int1;
    case 0xf4:
        return SENSITIVE_hlt;
    case 0xfa:
        return SENSITIVE_cli;
    case 0xfb:
        return SENSITIVE_sti;
    case 0xff:
        return far_indirect(reader, site, width);
    default:
        return SENSITIVE_NONE;
    }
}

bool decode_sensitive(const uint8_t *bytes, size_t size, unsigned bits, struct wedge_site *site)
{
    struct reader reader = {
        .at = bytes, .end = bytes + size, .bits = bits, .segment = AFTERBURN_REGISTER_NONE};
    uint8_t opcode = read_prefixes(&reader);

    *site = (struct wedge_site){
        .bits = (uint8_t)bits,
        .width = 4,
        .reg = AFTERBURN_REGISTER_NONE,
        .reg2 = AFTERBURN_REGISTER_NONE,
        .special = AFTERBURN_REGISTER_NONE,
        .base = AFTERBURN_REGISTER_NONE,
        .index = AFTERBURN_REGISTER_NONE,
        .segment = AFTERBURN_REGISTER_NONE,
        .address_width = (uint8_t)(bits / 8),
    };
    if (reader.address_override)
        site->address_width = bits == 64 ? 4 : 2;
    site->kind = (uint16_t)one_byte(&reader, site, opcode,
                                    reader.rex & 8      ? 8
                                    : reader.operand_16 ? 2
                                                        : 4);
    site->length = site->span = (uint8_t)(reader.at - bytes);
    return site->kind != SENSITIVE_NONE;
}
