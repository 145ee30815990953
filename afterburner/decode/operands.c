/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decode/operands.h"

#include <string.h>

static uint8_t register_number(ZydisRegister value)
{
    ZyanI8 number;

    if (value == ZYDIS_REGISTER_NONE)
        return AFTERBURN_REGISTER_NONE;
    if (value == ZYDIS_REGISTER_RIP || value == ZYDIS_REGISTER_EIP)
        return AFTERBURN_REGISTER_IP;
    number = ZydisRegisterGetId(value);
    return number < 0 ? AFTERBURN_REGISTER_NONE : (uint8_t)number;
}

static int is_special(ZydisRegister value)
{
    ZydisRegisterClass class = ZydisRegisterGetClass(value);

    return class == ZYDIS_REGCLASS_CONTROL || class == ZYDIS_REGCLASS_DEBUG ||
           class == ZYDIS_REGCLASS_SEGMENT;
}

void operands_describe(const ZydisDecodedInstruction *instruction,
                       const ZydisDecodedOperand *operands, struct afterburn_record *record)
{
    unsigned int width = 0;

    record->reg = record->reg2 = record->special = AFTERBURN_REGISTER_NONE;
    record->base = record->index = record->segment = AFTERBURN_REGISTER_NONE;
    record->address_width = (uint8_t)(instruction->address_width / 8);
    if (instruction->attributes &
        (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE))
        record->flags |= AFTERBURN_REPEAT;
    /* outs shows no operands; its data lies behind DS unless a prefix says otherwise. */
    if (instruction->mnemonic == ZYDIS_MNEMONIC_OUTSB ||
        instruction->mnemonic == ZYDIS_MNEMONIC_OUTSW ||
        instruction->mnemonic == ZYDIS_MNEMONIC_OUTSD)
        record->segment = register_number(
            instruction->attributes & ZYDIS_ATTRIB_HAS_SEGMENT_FS   ? ZYDIS_REGISTER_FS
            : instruction->attributes & ZYDIS_ATTRIB_HAS_SEGMENT_GS ? ZYDIS_REGISTER_GS
                                                                    : ZYDIS_REGISTER_DS);
    for (int i = 0; i < instruction->operand_count_visible; i++) {
        const ZydisDecodedOperand *operand = &operands[i];

        switch (operand->type) {
        case ZYDIS_OPERAND_TYPE_REGISTER:
            if (is_special(operand->reg.value)) {
                record->special = register_number(operand->reg.value);
                break;
            }
            /* in and out name the port's register too: the data is in rAX. */
            if (operand->reg.value == ZYDIS_REGISTER_DX && instruction->operand_count_visible > 1 &&
                (instruction->mnemonic == ZYDIS_MNEMONIC_IN ||
                 instruction->mnemonic == ZYDIS_MNEMONIC_OUT))
                break;
            if (record->reg == AFTERBURN_REGISTER_NONE)
                record->reg = register_number(operand->reg.value);
            else
                record->reg2 = register_number(operand->reg.value);
            if (!width)
                width = operand->size;
            break;
        case ZYDIS_OPERAND_TYPE_MEMORY:
            record->flags |= AFTERBURN_MEMORY;
            record->base = register_number(operand->mem.base);
            record->index = register_number(operand->mem.index);
            record->scale = operand->mem.scale;
            record->segment = register_number(operand->mem.segment);
            record->displacement = (int32_t)operand->mem.disp.value;
            if (!width)
                width = operand->size;
            break;
        case ZYDIS_OPERAND_TYPE_IMMEDIATE:
            record->flags |= AFTERBURN_IMMEDIATE;
            record->immediate = (uint16_t)operand->imm.value.u;
            break;
        case ZYDIS_OPERAND_TYPE_POINTER:
            record->flags |= AFTERBURN_FAR_POINTER;
            record->immediate = operand->ptr.segment;
            record->displacement = (int32_t)operand->ptr.offset;
            break;
        default:
            break;
        }
    }
    if (!width)
        width = instruction->operand_width;
    record->width = (uint8_t)(width / 8 > 255 ? 255 : width / 8);
}

void operands_normalised_text(const ZydisDecodedInstruction *instruction,
                              const ZydisDecodedOperand *operands, char *text, size_t capacity)
{
    static ZydisFormatter formatter;
    static int ready;

    if (!ready) {
        ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_ATT);
        ready = 1;
    }
    if (!ZYAN_SUCCESS(ZydisFormatterFormatInstruction(&formatter, instruction, operands,
                                                      instruction->operand_count_visible, text,
                                                      capacity, ZYDIS_RUNTIME_ADDRESS_NONE, NULL)))
        text[0] = '\0';
}
