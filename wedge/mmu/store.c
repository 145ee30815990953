/* SPDX-License-Identifier: BSD-2-Clause */
/* Carries out one instruction that writes to memory, on the virtual CPU: stores to pages that are
 * tables come here. The instructions that kernels write page tables with, in 32- and 64-bit code
 * (opcodes: AMD64 manual 3, appendix A).
 */
#include "wedge/memory.h"
#include "wedge/operands.h"
#include "wedge/print.h"
#include "wedge/reader.h"
#include "wedge/vcpu.h"

struct instruction {
    const uint8_t *start;
    struct reader reader;
    struct wedge_site operand;
    unsigned opcode; /* 0x0f00 | byte for those of two bytes */
    unsigned reg, width;
    uint64_t address;
};

static int64_t immediate(struct instruction *instruction, unsigned width)
{
    return reader_number(&instruction->reader, width);
}

/* ModRM with what follows it: a register and a memory operand. `rest` bytes of the instruction come
 * behind. */
static bool read_operands(struct vcpu *vcpu, struct instruction *instruction, unsigned rest)
{
    struct reader *reader = &instruction->reader;
    uint8_t unused;

    reader->modrm = reader_next(reader);
    instruction->reg = reader_register(reader);
    if (reader_has_register(reader))
        return false;
    reader_operand(reader, &instruction->operand, &unused);
    instruction->operand.length = (uint8_t)(reader->at - instruction->start + rest);
    instruction->address = operand_address(vcpu, &instruction->operand);
    return true;
}

static uint64_t *general(struct vcpu *vcpu, const struct instruction *instruction, unsigned number,
                         unsigned *shift)
{
    *shift = 0;
    if (instruction->width == 1 && !instruction->reader.rex && number >= 4) {
        *shift = 8; /* ah, ch, dh, bh */
        number -= 4;
    }
    return &vcpu->gpr[number];
}

static uint64_t get_register(struct vcpu *vcpu, const struct instruction *instruction,
                             unsigned number)
{
    unsigned shift;
    uint64_t *place = general(vcpu, instruction, number, &shift);

    return register_truncate(*place >> shift, instruction->width);
}

static void set_register(struct vcpu *vcpu, const struct instruction *instruction, unsigned number,
                         uint64_t value)
{
    unsigned shift, width = instruction->width;
    uint64_t *place = general(vcpu, instruction, number, &shift);

    if (width >= 4)
        *place = register_truncate(value, width);
    else
        *place = (*place & ~(register_truncate(~0ul, width) << shift)) |
                 register_truncate(value, width) << shift;
}

/* The flags of an arithmetic or logical operation: the processor's own are taken. */
#define OPERATE(name, width_bits, type)                                                            \
    case width_bits: {                                                                             \
        type narrow = (type)a;                                                                     \
        asm("btl $0, %k[carry]\n\t" name " %[b], %[a]\n\tpushfq\n\tpopq %[flags]"                  \
            : [a] "+r"(narrow), [flags] "=r"(flags)                                                \
            : [b] "r"((type)b), [carry] "r"(vcpu->rflags)                                          \
            : "cc");                                                                               \
        a = narrow;                                                                                \
        break;                                                                                     \
    }
#define OPERATION(function, name)                                                                  \
    static uint64_t function(struct vcpu *vcpu, uint64_t a, uint64_t b, unsigned width)            \
    {                                                                                              \
        uint64_t flags = 0;                                                                        \
                                                                                                   \
        switch (width * 8) {                                                                       \
            OPERATE(name "b", 8, uint8_t)                                                          \
            OPERATE(name "w", 16, uint16_t)                                                        \
            OPERATE(name "l", 32, uint32_t)                                                        \
            OPERATE(name "q", 64, uint64_t)                                                        \
        }                                                                                          \
        vcpu->rflags = (vcpu->rflags & ~0x8d5ul) | (flags & 0x8d5ul);                              \
        return a;                                                                                  \
    }
OPERATION(operate_add, "add")
OPERATION(operate_or, "or")
OPERATION(operate_add_carry, "adc")
OPERATION(operate_sub_carry, "sbb")
OPERATION(operate_and, "and")
OPERATION(operate_sub, "sub")
OPERATION(operate_xor, "xor")

static uint64_t operate(struct vcpu *vcpu, unsigned which, uint64_t a, uint64_t b, unsigned width)
{
    switch (which) {
    case 0:
        return operate_add(vcpu, a, b, width);
    case 1:
        return operate_or(vcpu, a, b, width);
    case 2:
        return operate_add_carry(vcpu, a, b, width);
    case 3:
        return operate_sub_carry(vcpu, a, b, width);
    case 4:
        return operate_and(vcpu, a, b, width);
    case 5:
        return operate_sub(vcpu, a, b, width);
    default:
        return operate_xor(vcpu, a, b, width);
    }
}

enum result { UNKNOWN, DONE, FAULTED };

static enum result finish(struct vcpu *vcpu, uint32_t code, uint64_t where)
{
    struct outcome outcome;

    if (!code)
        return DONE;
    outcome = outcome_page_fault(vcpu, code, where);
    outcome_deliver(vcpu, &outcome);
    return FAULTED;
}

static enum result load(struct vcpu *vcpu, uint64_t address, uint64_t *value, unsigned width)
{
    uint64_t where;
    uint32_t code;

    *value = 0;
    code = guest_read(vcpu, address, value, width, access_of(vcpu), &where);
    return finish(vcpu, code, where);
}

static enum result store(struct vcpu *vcpu, uint64_t address, uint64_t value, unsigned width)
{
    uint64_t where;
    uint32_t code = guest_write(vcpu, address, &value, width, access_of(vcpu), &where);

    return finish(vcpu, code, where);
}

/* How many of `count` elements lie in the page of both addresses, the direction being up; at least
 * one. */
static uint64_t in_page(uint64_t a, uint64_t b, unsigned width, uint64_t count)
{
    uint64_t offset = a % PAGE_SIZE > b % PAGE_SIZE ? a % PAGE_SIZE : b % PAGE_SIZE,
             fit = (PAGE_SIZE - offset) / width;

    return fit < 1 ? 1 : fit < count ? fit : count;
}

/* STOS and MOVS, one element, or with REP what is left of a page: interrupts wait meanwhile. */
static enum result string(struct vcpu *vcpu, struct instruction *instruction, bool move)
{
    static uint8_t buffer[PAGE_SIZE];
    unsigned width = instruction->width;
    bool down = vcpu->rflags & RFLAGS_DF, repeat = instruction->reader.repeat;
    uint64_t to = vcpu->gpr[GPR_RDI], from = move ? vcpu->gpr[GPR_RSI] : to, where,
             count = repeat ? vcpu->gpr[GPR_RCX] : 1,
             part = down ? 1 : in_page(to, from, width, count),
             step = down ? -(uint64_t)width : part * width;
    uint32_t code = 0;

    if (!count)
        return DONE;
    if (move && !down && from < to && to < from + part * width) {
        part = 1; /* they overlap: each element may be made of the one before */
        step = width;
    }
    if (move)
        code = guest_read(vcpu, from, buffer, part * width, access_of(vcpu), &where);
    for (uint64_t i = 0; !move && i < part * width; i++)
        buffer[i] = (uint8_t)(vcpu->gpr[GPR_RAX] >> i % width * 8);
    if (!code)
        code = guest_write(vcpu, to, buffer, part * width, access_of(vcpu), &where);
    if (code)
        return finish(vcpu, code, where);
    vcpu->gpr[GPR_RDI] += step;
    if (move)
        vcpu->gpr[GPR_RSI] += step;
    if (repeat)
        vcpu->gpr[GPR_RCX] = count - part;
    if (count > part)
        instruction->reader.at = instruction->start; /* the same instruction goes on */
    return DONE;
}

/* BTS, BTR, BTC: the bit number may reach beyond the operand. */
static enum result bit(struct vcpu *vcpu, struct instruction *instruction, unsigned which,
                       int64_t number, bool far)
{
    unsigned width = instruction->width;
    uint64_t value, mask, address = instruction->address;
    enum result result;

    if (far)
        address += (uint64_t)((number >> (width == 8 ? 6 : width == 4 ? 5 : 4)) * (int64_t)width);
    mask = 1ul << (number & (8 * (int)width - 1));
    result = load(vcpu, address, &value, width);
    if (result != DONE)
        return result;
    vcpu->rflags = value & mask ? vcpu->rflags | RFLAGS_CF : vcpu->rflags & ~(uint64_t)RFLAGS_CF;
    return store(vcpu, address,
                 which == 5   ? value | mask
                 : which == 6 ? value & ~mask
                              : value ^ mask,
                 width);
}

static enum result exchange_if_equal(struct vcpu *vcpu, struct instruction *instruction)
{
    uint64_t value, wanted = register_truncate(vcpu->gpr[GPR_RAX], instruction->width);
    enum result result = load(vcpu, instruction->address, &value, instruction->width);

    if (result != DONE)
        return result;
    operate_sub(vcpu, wanted, value, instruction->width);
    if (value == wanted)
        return store(vcpu, instruction->address, get_register(vcpu, instruction, instruction->reg),
                     instruction->width);
    set_register(vcpu, instruction, GPR_RAX, value);
    return DONE;
}

static enum result exchange(struct vcpu *vcpu, struct instruction *instruction, bool add)
{
    uint64_t value, ours = get_register(vcpu, instruction, instruction->reg);
    enum result result = load(vcpu, instruction->address, &value, instruction->width);

    if (result == DONE)
        result = store(vcpu, instruction->address,
                       add ? operate_add(vcpu, value, ours, instruction->width) : ours,
                       instruction->width);
    if (result == DONE)
        set_register(vcpu, instruction, instruction->reg, value);
    return result;
}

static enum result modify(struct vcpu *vcpu, struct instruction *instruction, unsigned which,
                          uint64_t by)
{
    uint64_t value;
    enum result result = load(vcpu, instruction->address, &value, instruction->width);

    if (result != DONE)
        return result;
    return store(vcpu, instruction->address, operate(vcpu, which, value, by, instruction->width),
                 instruction->width);
}

static enum result carry_out(struct vcpu *vcpu, struct instruction *instruction)
{
    unsigned opcode = instruction->opcode, wide = instruction->reader.rex & 8      ? 8
                                                  : instruction->reader.operand_16 ? 2
                                                                                   : 4;
    unsigned immediate_width;
    int64_t number;

    instruction->width = opcode & 1 ? wide : 1;
    immediate_width = instruction->width == 8 ? 4 : instruction->width;
    switch (opcode) {
    case 0x88:
    case 0x89:
        if (!read_operands(vcpu, instruction, 0))
            return UNKNOWN;
        return store(vcpu, instruction->address, get_register(vcpu, instruction, instruction->reg),
                     instruction->width);
    case 0xc6:
    case 0xc7:
        if (!read_operands(vcpu, instruction, immediate_width) || instruction->reg & 7)
            return UNKNOWN;
        return store(vcpu, instruction->address, (uint64_t)immediate(instruction, immediate_width),
                     instruction->width);
    case 0x86:
    case 0x87:
        return read_operands(vcpu, instruction, 0) ? exchange(vcpu, instruction, false) : UNKNOWN;
    case 0x0fc0:
    case 0x0fc1:
        return read_operands(vcpu, instruction, 0) ? exchange(vcpu, instruction, true) : UNKNOWN;
    case 0x0fb0:
    case 0x0fb1:
        return read_operands(vcpu, instruction, 0) ? exchange_if_equal(vcpu, instruction) : UNKNOWN;
    case 0x00:
    case 0x01:
    case 0x08:
    case 0x09:
    case 0x10:
    case 0x11:
    case 0x18:
    case 0x19:
    case 0x20:
    case 0x21:
    case 0x28:
    case 0x29:
    case 0x30:
    case 0x31:
        if (!read_operands(vcpu, instruction, 0))
            return UNKNOWN;
        return modify(vcpu, instruction, opcode >> 3,
                      get_register(vcpu, instruction, instruction->reg));
    case 0x80:
    case 0x81:
    case 0x83:
        if (opcode == 0x83)
            immediate_width = 1;
        if (!read_operands(vcpu, instruction, immediate_width) || (instruction->reg & 7) == 7)
            return UNKNOWN;
        number = immediate(instruction, immediate_width);
        return modify(vcpu, instruction, instruction->reg & 7, (uint64_t)number);
    case 0xfe:
    case 0xff: {
        uint64_t carry = vcpu->rflags & RFLAGS_CF;
        enum result result;

        if (!read_operands(vcpu, instruction, 0) || (instruction->reg & 7) > 1)
            return UNKNOWN;
        result = modify(vcpu, instruction, (instruction->reg & 7) == 0 ? 0 : 5, 1);
        vcpu->rflags = (vcpu->rflags & ~(uint64_t)RFLAGS_CF) | carry; /* INC and DEC leave it */
        return result;
    }
    case 0x0fab:
    case 0x0fb3:
    case 0x0fbb:
        instruction->width = wide;
        if (!read_operands(vcpu, instruction, 0))
            return UNKNOWN;
        number = (int64_t)vcpu->gpr[instruction->reg];
        if (wide == 4)
            number = (int32_t)number;
        return bit(vcpu, instruction, (opcode >> 3 & 7), number, true);
    case 0x0fba:
        instruction->width = wide;
        if (!read_operands(vcpu, instruction, 1) || (instruction->reg & 7) < 5)
            return UNKNOWN;
        return bit(vcpu, instruction, instruction->reg & 7, immediate(instruction, 1), false);
    case 0x0fc3:
        instruction->width = wide;
        if (!read_operands(vcpu, instruction, 0))
            return UNKNOWN;
        return store(vcpu, instruction->address, get_register(vcpu, instruction, instruction->reg),
                     wide);
    case 0xa2:
    case 0xa3:
        instruction->address = (uint64_t)immediate(instruction, vcpu->bits / 8) +
                               segment_base(vcpu, instruction->reader.segment);
        return store(vcpu, instruction->address, get_register(vcpu, instruction, GPR_RAX),
                     instruction->width);
    case 0xaa:
    case 0xab:
        return string(vcpu, instruction, false);
    case 0xa4:
    case 0xa5:
        return string(vcpu, instruction, true);
    default:
        return UNKNOWN;
    }
}

bool store_emulate(struct vcpu *vcpu)
{
    uint8_t bytes[INSTRUCTION_MAX] = {0}, opcode;
    struct instruction instruction = {.start = bytes,
                                      .reader = reader_start(bytes, INSTRUCTION_MAX, vcpu->bits)};
    struct reader *reader = &instruction.reader;

    guest_fetch(vcpu, bytes);
    opcode = reader_prefixes(reader);
    instruction.opcode = opcode == 0x0f ? 0x0f00u | reader_next(reader) : opcode;
    if (vcpu->bits == 16 || reader->address_override || reader->at == reader->end)
        return false;
    instruction.operand = reader_site(reader);
    switch (carry_out(vcpu, &instruction)) {
    case DONE:
        vcpu->rip += (uint64_t)(reader->at - bytes);
        if (vcpu->rflags & RFLAGS_TF)
            debug_step_deliver(vcpu);
        return true;
    case FAULTED:
        return true;
    default:
        return false;
    }
}
