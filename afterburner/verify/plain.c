/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "verify/plain.h"

#include <string.h>

#include "decode/classify.h"

int plain_mode(int bits)
{
    return bits == 64 ? 2 : bits == 32 ? 1 : 0;
}

int plain_open(struct plain_decoders *decoders)
{
    static const cs_mode modes[] = {CS_MODE_16, CS_MODE_32, CS_MODE_64};
    static const int bits[] = {16, 32, 64};

    memset(decoders, 0, sizeof(*decoders));
    for (int i = 0; i < 3; i++) {
        zydis_open(&decoders->zydis[i], bits[i]);
        if (cs_open(CS_ARCH_X86, modes[i], &decoders->capstone[i].handle) != CS_ERR_OK)
            return -1;
        cs_option(decoders->capstone[i].handle, CS_OPT_DETAIL, CS_OPT_ON);
        decoders->capstone[i].instruction = cs_malloc(decoders->capstone[i].handle);
    }
    return 0;
}

void plain_close(struct plain_decoders *decoders)
{
    for (int i = 0; i < 3; i++) {
        if (decoders->capstone[i].instruction)
            cs_free(decoders->capstone[i].instruction, 1);
        if (decoders->capstone[i].handle)
            cs_close(&decoders->capstone[i].handle);
    }
}

/* --- Zydis --- */

static int zydis_is_rip_relative(const ZydisDecodedOperand *operand)
{
    return operand->type == ZYDIS_OPERAND_TYPE_MEMORY && operand->mem.base == ZYDIS_REGISTER_RIP &&
           operand->mem.index == ZYDIS_REGISTER_NONE;
}

static int zydis_is_rsp(const ZydisDecodedOperand *operand)
{
    return operand->type == ZYDIS_OPERAND_TYPE_REGISTER && operand->reg.value == ZYDIS_REGISTER_RSP;
}

static struct plain read_zydis(const ZydisDecodedInstruction *instruction,
                               const ZydisDecodedOperand *operands, uint64_t address)
{
    uint64_t end = address + instruction->length;
    struct plain plain = {.kind = PLAIN_OTHER, .length = instruction->length};

    switch (instruction->mnemonic) {
    case ZYDIS_MNEMONIC_JMP:
        if (operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && operands[0].imm.is_relative) {
            plain.kind = PLAIN_JUMP;
            plain.value = end + (uint64_t)operands[0].imm.value.s;
        }
        break;
    case ZYDIS_MNEMONIC_UD2:
        plain.kind = PLAIN_TRAP;
        break;
    case ZYDIS_MNEMONIC_NOP:
        plain.kind = PLAIN_NOP;
        break;
    case ZYDIS_MNEMONIC_XCHG: /* 66 90 */
        if (is_padding_nop(instruction, operands))
            plain.kind = PLAIN_NOP;
        break;
    case ZYDIS_MNEMONIC_INT3:
        plain.kind = PLAIN_INT3;
        break;
    case ZYDIS_MNEMONIC_MOV:
        if (zydis_is_rip_relative(&operands[0]) && operands[0].size == 8 &&
            operands[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && operands[1].imm.value.u == 1) {
            plain.kind = PLAIN_SET_BYTE;
            plain.value = end + (uint64_t)operands[0].mem.disp.value;
        }
        if (zydis_is_rip_relative(&operands[0]) && zydis_is_rsp(&operands[1])) {
            plain.kind = PLAIN_SAVE_RSP;
            plain.value = end + (uint64_t)operands[0].mem.disp.value;
        }
        break;
    case ZYDIS_MNEMONIC_LEA:
        if (zydis_is_rsp(&operands[0]) && zydis_is_rip_relative(&operands[1])) {
            plain.kind = PLAIN_LOAD_RSP;
            plain.value = end + (uint64_t)operands[1].mem.disp.value;
        }
        break;
    case ZYDIS_MNEMONIC_PUSH:
        if (operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && instruction->operand_width == 64) {
            plain.kind = PLAIN_PUSH;
            plain.value = (uint64_t)operands[0].imm.value.s;
        }
        break;
    default:
        break;
    }
    return plain;
}

/* --- Capstone --- */

static int capstone_is_rip_relative(const cs_x86_op *operand)
{
    return operand->type == X86_OP_MEM && operand->mem.base == X86_REG_RIP &&
           operand->mem.index == X86_REG_INVALID && operand->mem.segment == X86_REG_INVALID;
}

static int capstone_is_rsp(const cs_x86_op *operand)
{
    return operand->type == X86_OP_REG && operand->reg == X86_REG_RSP;
}

static struct plain read_capstone(const cs_insn *instruction)
{
    const cs_x86_op *operands = instruction->detail->x86.operands;
    uint64_t end = instruction->address + instruction->size;
    struct plain plain = {.kind = PLAIN_OTHER, .length = instruction->size};

    switch (instruction->id) {
    case X86_INS_JMP:
        if (operands[0].type == X86_OP_IMM) {
            plain.kind = PLAIN_JUMP;
            plain.value = (uint64_t)operands[0].imm;
        }
        break;
    case X86_INS_UD2:
        plain.kind = PLAIN_TRAP;
        break;
    case X86_INS_NOP:
        plain.kind = PLAIN_NOP;
        break;
    case X86_INS_XCHG: /* 66 90 */
        if (operands[0].type == X86_OP_REG && operands[0].reg == X86_REG_AX &&
            operands[1].type == X86_OP_REG && operands[1].reg == X86_REG_AX)
            plain.kind = PLAIN_NOP;
        break;
    case X86_INS_INT3:
        plain.kind = PLAIN_INT3;
        break;
    case X86_INS_MOV:
        if (capstone_is_rip_relative(&operands[0]) && operands[0].size == 1 &&
            operands[1].type == X86_OP_IMM && operands[1].imm == 1) {
            plain.kind = PLAIN_SET_BYTE;
            plain.value = end + (uint64_t)operands[0].mem.disp;
        }
        if (capstone_is_rip_relative(&operands[0]) && capstone_is_rsp(&operands[1])) {
            plain.kind = PLAIN_SAVE_RSP;
            plain.value = end + (uint64_t)operands[0].mem.disp;
        }
        break;
    case X86_INS_LEA:
        if (capstone_is_rsp(&operands[0]) && capstone_is_rip_relative(&operands[1])) {
            plain.kind = PLAIN_LOAD_RSP;
            plain.value = end + (uint64_t)operands[1].mem.disp;
        }
        break;
    case X86_INS_PUSH:
        if (operands[0].type == X86_OP_IMM && operands[0].size == 8) {
            plain.kind = PLAIN_PUSH;
            plain.value = (uint64_t)operands[0].imm;
        }
        break;
    default:
        break;
    }
    return plain;
}

static const cs_insn *ask_capstone(struct plain_decoders *decoders, int bits, uint64_t address,
                                   const unsigned char *bytes, size_t size)
{
    cs_insn *instruction = decoders->capstone[plain_mode(bits)].instruction;
    const uint8_t *code = bytes;

    return cs_disasm_iter(decoders->capstone[plain_mode(bits)].handle, &code, &size, &address,
                          instruction)
               ? instruction
               : NULL;
}

struct plain plain_decode(struct plain_decoders *decoders, int bits, uint64_t address,
                          const unsigned char *bytes, size_t size)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    struct plain nothing = {.kind = PLAIN_OTHER}, first, second;
    ZydisDecodedInstruction instruction;
    const cs_insn *other;

    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoders->zydis[plain_mode(bits)], bytes, size,
                                             &instruction, operands)) ||
        !(other = ask_capstone(decoders, bits, address, bytes, size)))
        return nothing;
    first = read_zydis(&instruction, operands, address);
    second = read_capstone(other);
    if (first.length != second.length)
        return nothing;
    if (first.kind != second.kind || first.value != second.value)
        return (struct plain){.kind = PLAIN_OTHER, .length = first.length};
    return first;
}

int plain_classify(struct plain_decoders *decoders, int bits, uint64_t address,
                   const unsigned char *bytes, size_t size, size_t *length)
{
    const cs_insn *other = ask_capstone(decoders, bits, address, bytes, size);
    int kind = classify_bytes(bytes, size, bits, length, NULL);

    if (!other || other->size != *length) {
        *length = 0;
        return kind;
    }
    return kind ? kind : classify_capstone(decoders->capstone[plain_mode(bits)].handle, other);
}
