/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decode/classify.h"

#include <string.h>

#include "decode/operands.h"
#include "decode/sensitive-table.h"

/* The first table entry of each decoder mnemonic, looked up by name when first met: index plus one,
 * 0 for innocuous. Several entries can share a mnemonic (mov): the chain is walked until a shape
 * fits. */
#define CAPSTONE_MNEMONICS 2048
#define NOT_LOOKED_UP      (-1)

static short zydis_first[ZYDIS_MNEMONIC_MAX_VALUE + 1];
static short capstone_first[CAPSTONE_MNEMONICS];
static int ready;

/* The table index, plus one, of the first entry at or after `from` that lists `mnemonic`; 0 when
 * none does. */
static short find_entry(const char *mnemonic, size_t from, int capstone)
{
    for (size_t i = from; i < sensitive_entry_count; i++)
        if (word_in_list(mnemonic,
                         capstone ? sensitive_entries[i].capstone : sensitive_entries[i].zydis))
            return (short)(i + 1);
    return 0;
}

static void prepare(void)
{
    if (ready)
        return;
    for (size_t i = 0; i <= ZYDIS_MNEMONIC_MAX_VALUE; i++)
        zydis_first[i] = NOT_LOOKED_UP;
    for (size_t i = 0; i < CAPSTONE_MNEMONICS; i++)
        capstone_first[i] = NOT_LOOKED_UP;
    ready = 1;
}

void zydis_open(ZydisDecoder *decoder, int bits)
{
    if (bits == 64)
        ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    else if (bits == 32)
        ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
    else
        ZydisDecoderInit(decoder, ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
}

enum register_kind {
    REGISTER_OTHER,
    REGISTER_CONTROL,
    REGISTER_DEBUG,
    REGISTER_SEGMENT,
};

/* Which entry of a mnemonic's chain fits the kinds of its first two operands. */
static int match_shape(short first, const char *mnemonic, enum register_kind destination,
                       enum register_kind source, int far, int capstone)
{
    for (short i = first; i; i = find_entry(mnemonic, (size_t)i, capstone)) {
        const struct sensitive_entry *entry = &sensitive_entries[i - 1];
        int fits = 0;

        switch (entry->shape) {
        case SHAPE_ANY:
            fits = 1;
            break;
        case SHAPE_TO_CONTROL:
            fits = destination == REGISTER_CONTROL;
            break;
        case SHAPE_FROM_CONTROL:
            fits = source == REGISTER_CONTROL;
            break;
        case SHAPE_TO_DEBUG:
            fits = destination == REGISTER_DEBUG;
            break;
        case SHAPE_FROM_DEBUG:
            fits = source == REGISTER_DEBUG;
            break;
        case SHAPE_TO_SEGMENT:
        case SHAPE_POP_SEGMENT:
            fits = destination == REGISTER_SEGMENT;
            break;
        case SHAPE_FROM_SEGMENT:
            fits = source == REGISTER_SEGMENT;
            break;
        case SHAPE_PUSH_SEGMENT:
            fits = destination ==
                   REGISTER_SEGMENT; /* push's one operand stands first in both decoders */
            break;
        case SHAPE_FAR:
            fits = far;
            break;
        }
        if (fits)
            return entry->number;
    }
    return SENSITIVE_NONE;
}

static enum register_kind zydis_register_kind(const ZydisDecodedOperand *operand)
{
    if (operand->type != ZYDIS_OPERAND_TYPE_REGISTER)
        return REGISTER_OTHER;
    switch (ZydisRegisterGetClass(operand->reg.value)) {
    case ZYDIS_REGCLASS_CONTROL:
        return REGISTER_CONTROL;
    case ZYDIS_REGCLASS_DEBUG:
        return REGISTER_DEBUG;
    case ZYDIS_REGCLASS_SEGMENT:
        return REGISTER_SEGMENT;
    default:
        return REGISTER_OTHER;
    }
}

const char *zydis_mnemonic(const ZydisDecodedInstruction *instruction)
{
    if (instruction->mnemonic == ZYDIS_MNEMONIC_WBINVD)
        for (int i = 0; i < instruction->raw.prefix_count; i++)
            if (instruction->raw.prefixes[i].value == 0xf3)
                return "wbnoinvd";
    return ZydisMnemonicGetString(instruction->mnemonic);
}

int classify_zydis(const ZydisDecodedInstruction *instruction, const ZydisDecodedOperand *operands)
{
    enum register_kind kinds[2] = {REGISTER_OTHER, REGISTER_OTHER};
    const char *name;

    prepare();
    if (!zydis_first[instruction->mnemonic])
        return SENSITIVE_NONE;
    name = zydis_mnemonic(instruction);
    if (name != ZydisMnemonicGetString(instruction->mnemonic))
        return match_shape(find_entry(name, 0, 0), name, REGISTER_OTHER, REGISTER_OTHER, 0, 0);
    if (zydis_first[instruction->mnemonic] == NOT_LOOKED_UP)
        zydis_first[instruction->mnemonic] = find_entry(name, 0, 0);
    for (int i = 0; i < 2 && i < instruction->operand_count_visible; i++)
        kinds[i] = zydis_register_kind(&operands[i]);
    return match_shape(zydis_first[instruction->mnemonic], name, kinds[0], kinds[1],
                       instruction->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR, 0);
}

static enum register_kind capstone_register_kind(const cs_x86_op *operand)
{
    if (operand->type != X86_OP_REG)
        return REGISTER_OTHER;
    if (operand->reg >= X86_REG_CR0 && operand->reg <= X86_REG_CR15)
        return REGISTER_CONTROL;
    if (operand->reg >= X86_REG_DR0 && operand->reg <= X86_REG_DR15)
        return REGISTER_DEBUG;
    switch (operand->reg) {
    case X86_REG_CS:
    case X86_REG_DS:
    case X86_REG_ES:
    case X86_REG_FS:
    case X86_REG_GS:
    case X86_REG_SS:
        return REGISTER_SEGMENT;
    default:
        return REGISTER_OTHER;
    }
}

int classify_capstone(csh handle, const cs_insn *instruction)
{
    enum register_kind kinds[2] = {REGISTER_OTHER, REGISTER_OTHER};
    const cs_x86 *x86 = &instruction->detail->x86;
    const char *name;

    prepare();
    if (instruction->id >= CAPSTONE_MNEMONICS || !capstone_first[instruction->id])
        return SENSITIVE_NONE;
    name = cs_insn_name(handle, instruction->id);
    if (!name)
        return SENSITIVE_NONE;
    if (capstone_first[instruction->id] == NOT_LOOKED_UP)
        capstone_first[instruction->id] = find_entry(name, 0, 1);
    for (int i = 0; i < 2 && i < x86->op_count; i++)
        kinds[i] = capstone_register_kind(&x86->operands[i]);
    /* Capstone names far transfers apart (ljmp, lcall, retf): the mnemonic already says far. */
    return match_shape(capstone_first[instruction->id], name, kinds[0], kinds[1], 1, 1);
}

int classify_bytes(const unsigned char *bytes, size_t size, int bits, size_t *length, int *before)
{
    struct afterburn_record record = {.flags = 0};
    int kind;

    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction instruction;
    ZydisDecoder decoder;

    zydis_open(&decoder, bits);
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, size, &instruction, operands))) {
        if (length)
            *length = 0;
        return SENSITIVE_NONE;
    }
    if (length)
        *length = instruction.length;
    kind = classify_zydis(&instruction, operands);
    if (before) {
        operands_describe(&instruction, operands, &record);
        *before = sensitive_pads_before(kind, record.special);
    }
    return kind;
}

int classify_is_lfence(const unsigned char *bytes)
{
    static const unsigned char lfence[LFENCE_LENGTH] = {0x0f, 0xae, 0xe8};

    return memcmp(bytes, lfence, sizeof(lfence)) == 0;
}

int is_padding_nop(const ZydisDecodedInstruction *instruction, const ZydisDecodedOperand *operands)
{
    const ZydisDecodedOperand *memory = &operands[1];

    if (instruction->mnemonic == ZYDIS_MNEMONIC_NOP)
        return 1;
    if (instruction->mnemonic == ZYDIS_MNEMONIC_XCHG) /* 66 90 */
        return instruction->opcode == 0x90 && operands[0].reg.value == operands[1].reg.value;
    return instruction->mnemonic == ZYDIS_MNEMONIC_LEA &&
           instruction->machine_mode != ZYDIS_MACHINE_MODE_LONG_64 &&
           instruction->operand_width == instruction->address_width &&
           operands[0].reg.value == memory->mem.base && memory->mem.disp.value == 0 &&
           (memory->mem.index == ZYDIS_REGISTER_NONE);
}
