/* SPDX-License-Identifier: BSD-2-Clause */
/* Opcodes: AMD64 manual 3, appendix A. The fields of a record: docs/record-format.md. */
#include "wedge/decode.h"

#include "afterburn/record.h"
#include "afterburn/sensitive.h"
#include "wedge/reader.h"
#include "wedge/vcpu.h"

static unsigned set(struct wedge_site *site, unsigned kind, unsigned width)
{
    site->width = (uint8_t)width;
    return kind;
}

static unsigned with_operand(struct reader *reader, struct wedge_site *site, unsigned kind,
                             unsigned width)
{
    reader_operand(reader, site, &site->reg);
    return set(site, kind, width);
}

/* SVM's, whose operand is an address in RAX. */
static unsigned of_address(const struct reader *reader, struct wedge_site *site, unsigned kind)
{
    site->reg = GPR_RAX;
    return set(site, kind, reader->bits / (reader->address_override ? 16u : 8u));
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
    case 0xd8:
        return of_address(reader, site, SENSITIVE_vmrun);
    case 0xda:
        return of_address(reader, site, SENSITIVE_vmload);
    case 0xdb:
        return of_address(reader, site, SENSITIVE_vmsave);
    case 0xdc:
        return SENSITIVE_stgi;
    case 0xdd:
        return SENSITIVE_clgi;
    case 0xde:
        site->reg = GPR_RAX;
        return set(site, SENSITIVE_skinit, 4);
    case 0xdf:
        site->reg2 = GPR_RCX;
        return of_address(reader, site, SENSITIVE_invlpga);
    case 0xee:
        return SENSITIVE_rdpkru;
    case 0xef:
        return SENSITIVE_wrpkru;
    case 0xf8:
        return reader->bits == 64 ? SENSITIVE_swapgs : SENSITIVE_NONE;
    case 0xf9:
        return SENSITIVE_rdtscp;
    case 0xfa:
        return SENSITIVE_monitorx;
    case 0xfb:
        return SENSITIVE_mwaitx;
    case 0xfd:
        return SENSITIVE_rdpru;
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
    unsigned which;

    reader->modrm = reader_next(reader);
    if (reader_has_register(reader))
        return group_7_registers(reader, site, width);
    which = reader->modrm >> 3 & 7;
    return with_operand(reader, site, kinds[which],
                        which < 4    ? reader->bits / 8 + 2
                        : which == 7 ? 1
                                     : 2);
}

static unsigned group_6(struct reader *reader, struct wedge_site *site, unsigned width)
{
    static const uint16_t kinds[] = {SENSITIVE_sldt, SENSITIVE_str,  SENSITIVE_lldt,
                                     SENSITIVE_ltr,  SENSITIVE_verr, SENSITIVE_verw,
                                     SENSITIVE_NONE, SENSITIVE_NONE};
    unsigned which;

    reader->modrm = reader_next(reader);
    which = reader->modrm >> 3 & 7;
    return with_operand(reader, site, kinds[which],
                        which < 2 && reader_has_register(reader) ? width : 2);
}

static unsigned special_move(struct reader *reader, struct wedge_site *site, unsigned kind)
{
    reader->modrm = reader_next(reader);
    site->special = (uint8_t)reader_register(reader);
    site->reg = (uint8_t)((reader->modrm & 7) | (reader->rex & 1 ? 8 : 0));
    return set(site, kind, reader->bits / 8);
}

static unsigned segment_move(struct reader *reader, struct wedge_site *site, bool to,
                             unsigned width)
{
    reader->modrm = reader_next(reader);
    site->special = reader->modrm >> 3 & 7;
    if (site->special > SEGMENT_GS || (to && site->special == SEGMENT_CS))
        return SENSITIVE_NONE;
    reader_operand(reader, site, &site->reg);
    return set(site, to ? SENSITIVE_mov_to_segment : SENSITIVE_mov_from_segment,
               to || !reader_has_register(reader) ? 2 : width);
}

static unsigned selector_load(struct reader *reader, struct wedge_site *site, unsigned kind,
                              unsigned width)
{
    reader->modrm = reader_next(reader);
    site->reg = (uint8_t)reader_register(reader);
    reader_operand(reader, site, &site->reg2);
    return set(site, kind, width);
}

/* LSS, LFS, LGS: the width is that of the offset, the selector is behind it. */
static unsigned far_load(struct reader *reader, struct wedge_site *site, unsigned kind,
                         unsigned width)
{
    uint8_t unused;

    reader->modrm = reader_next(reader);
    if (reader_has_register(reader))
        return SENSITIVE_NONE;
    site->reg = (uint8_t)reader_register(reader);
    reader_operand(reader, site, &unused);
    return set(site, kind, width);
}

/* 0F C7: RDPID, and the saving of state that user mode does not have. */
static unsigned group_9(struct reader *reader, struct wedge_site *site)
{
    unsigned which;

    reader->modrm = reader_next(reader);
    which = reader->modrm >> 3 & 7;
    if (reader_has_register(reader))
        return which == 7 && reader->repeat ? with_operand(reader, site, SENSITIVE_rdpid, 8)
                                            : SENSITIVE_NONE;
    if (which != 3 && which != 5)
        return SENSITIVE_NONE;
    return with_operand(reader, site, which == 3 ? SENSITIVE_xrstors : SENSITIVE_xsaves,
                        AFTERBURN_REGISTER_NONE);
}

/* 66 0F 38 82 */
static unsigned three_bytes(struct reader *reader, struct wedge_site *site)
{
    if (reader_next(reader) != 0x82 || !reader->operand_16)
        return SENSITIVE_NONE;
    return selector_load(reader, site, SENSITIVE_invpcid, 8);
}

static unsigned base_access(struct reader *reader, struct wedge_site *site)
{
    static const uint16_t kinds[] = {SENSITIVE_rdfsbase, SENSITIVE_rdgsbase, SENSITIVE_wrfsbase,
                                     SENSITIVE_wrgsbase};

    reader->modrm = reader_next(reader);
    if (!reader->repeat || !reader_has_register(reader) || (reader->modrm >> 3 & 7) > 3 ||
        reader->bits != 64)
        return SENSITIVE_NONE;
    return with_operand(reader, site, kinds[reader->modrm >> 3 & 7], reader->rex & 8 ? 8 : 4);
}

static unsigned two_bytes(struct reader *reader, struct wedge_site *site, unsigned width)
{
    unsigned stack = reader->bits == 64 ? 8 : width;

    switch (reader_next(reader)) {
    case 0x00:
        return group_6(reader, site, width);
    case 0x01:
        return group_7(reader, site, width);
    case 0x02:
        return selector_load(reader, site, SENSITIVE_lar, width);
    case 0x03:
        return selector_load(reader, site, SENSITIVE_lsl, width);
    case 0x05:
        return set(site, SENSITIVE_syscall, reader->bits / 8);
    case 0x06:
        return SENSITIVE_clts;
    case 0x07:
        return set(site, SENSITIVE_sysret, reader->rex & 8 ? 8 : 4);
    case 0x08:
        return SENSITIVE_invd;
    case 0x09:
        return reader->repeat ? SENSITIVE_wbnoinvd : SENSITIVE_wbinvd;
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
        return set(site, SENSITIVE_sysexit, reader->rex & 8 ? 8 : 4);
    case 0x38:
        return three_bytes(reader, site);
    case 0xb2:
        return far_load(reader, site, SENSITIVE_lss, width);
    case 0xb4:
        return far_load(reader, site, SENSITIVE_lfs, width);
    case 0xb5:
        return far_load(reader, site, SENSITIVE_lgs, width);
    case 0xc7:
        return group_9(reader, site);
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
        site->immediate = reader_next(reader);
    }
    site->reg = GPR_RAX;
    return set(site, opcode & 2 ? SENSITIVE_out : SENSITIVE_in,
               opcode & 1 ? width > 4 ? 4 : width : 1);
}

static unsigned far_indirect(struct reader *reader, struct wedge_site *site, unsigned width)
{
    unsigned which;

    reader->modrm = reader_next(reader);
    which = reader->modrm >> 3 & 7;
    if (reader_has_register(reader) || (which != 3 && which != 5))
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
        if (opcode >= 0x6e)
            site->segment =
                reader->segment == AFTERBURN_REGISTER_NONE ? SEGMENT_DS : reader->segment;
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
        site->immediate = (uint16_t)reader_number(reader, 2);
        return set(site, SENSITIVE_far_ret, width);
    case 0xcb:
        return set(site, SENSITIVE_far_ret, width);
    case 0xcd:
        site->flags |= AFTERBURN_IMMEDIATE;
        site->immediate = reader_next(reader);
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
    struct reader reader = reader_start(bytes, size, bits);
    uint8_t opcode = reader_prefixes(&reader);

    *site = reader_site(&reader);
    site->kind = (uint16_t)one_byte(&reader, site, opcode,
                                    reader.rex & 8      ? 8
                                    : reader.operand_16 ? 2
                                                        : 4);
    site->length = site->span = (uint8_t)(reader.at - bytes);
    return site->kind != SENSITIVE_NONE;
}
