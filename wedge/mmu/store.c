/* SPDX-License-Identifier: BSD-2-Clause */
/* Carries out one instruction that writes to memory, on the virtual CPU: stores to pages that are
 * tables come here. The instructions that kernels write page tables with, in 32- and 64-bit code
 * (opcodes: AMD64 manual 3, appendix A).
 */
#include "wedge/memory.h"
#include "wedge/print.h"
#include "wedge/vcpu.h"

#define INSTRUCTION_MAX 15

struct instruction {
    const uint8_t *at, *end;
    uint8_t rex, segment;
    bool operand_16, repeat, wide_address;
    unsigned opcode; /* 0x0f00 | byte for those of two bytes */
    unsigned reg, width;
    uint64_t address;
};

static uint8_t next(struct instruction *instruction)
{
    return instruction->at < instruction->end ? *instruction->at++ : 0;
}

static int64_t immediate(struct instruction *instruction, unsigned width)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < width; i++)
        value |= (uint64_t)next(instruction) << 8 * i;
    return width == 1   ? (int8_t)value
           : width == 2 ? (int16_t)value
           : width == 4 ? (int32_t)value
                        : (int64_t)value;
}

static uint64_t truncate(uint64_t value, unsigned width)
{
    return width >= 8 ? value : value & ((1ul << 8 * width) - 1);
}

#define PREFIX_NONE 0xff

static bool read_prefixes(struct vcpu *vcpu, struct instruction *instruction)
{
    for (;;) {
        uint8_t byte = next(instruction);

        switch (byte) {
        case 0x26:
        case 0x2e:
        case 0x36:
        case 0x3e:
            break;
        case 0x64:
            instruction->segment = SEGMENT_FS;
            break;
        case 0x65:
            instruction->segment = SEGMENT_GS;
            break;
        case 0x66:
            instruction->operand_16 = true;
            break;
        case 0x67:
            return false;
        case 0xf0:
        case 0xf2:
            break;
        case 0xf3:
            instruction->repeat = true;
            break;
        default:
            if (vcpu->bits == 64 && (byte & 0xf0) == 0x40) {
                instruction->rex = byte;
                byte = next(instruction);
            }
            instruction->opcode = byte == 0x0f ? 0x0f00u | next(instruction) : byte;
            return instruction->at < instruction->end;
        }
    }
}

/* ModRM with what follows it: a register and a memory operand. `rest` bytes of the instruction come
 * behind. */
static bool read_operands(struct vcpu *vcpu, struct instruction *instruction, unsigned rest)
{
    uint8_t modrm = next(instruction);
    unsigned mode = modrm >> 6, rm = modrm & 7, base = rm | (instruction->rex & 1 ? 8 : 0);
    uint64_t address = 0;
    bool relative = false;

    instruction->reg = (modrm >> 3 & 7) | (instruction->rex & 4 ? 8 : 0);
    if (mode == 3)
        return false;
    if (rm == 4) {
        uint8_t sib = next(instruction);
        unsigned index = (sib >> 3 & 7) | (instruction->rex & 2 ? 8 : 0);

        base = (sib & 7) | (instruction->rex & 1 ? 8 : 0);
        if (index != 4)
            address += vcpu->gpr[index] << (sib >> 6);
        if ((sib & 7) == 5 && mode == 0)
            address += (uint64_t)immediate(instruction, 4);
        else
            address += vcpu->gpr[base];
    } else if (rm == 5 && mode == 0) {
        address = (uint64_t)immediate(instruction, 4);
        relative = vcpu->bits == 64;
    } else {
        address = vcpu->gpr[base];
    }
    if (mode == 1)
        address += (uint64_t)immediate(instruction, 1);
    if (mode == 2)
        address += (uint64_t)immediate(instruction, 4);
    if (relative)
        address +=
            vcpu->rip + (uint64_t)(instruction->at - (instruction->end - INSTRUCTION_MAX)) + rest;
    if (instruction->segment == SEGMENT_FS)
        address += vcpu->fs_base;
    if (instruction->segment == SEGMENT_GS)
        address += vcpu->gs_base;
    instruction->address = vcpu->bits == 64 ? address : truncate(address, 4);
    return true;
}

static uint64_t *general(struct vcpu *vcpu, const struct instruction *instruction, unsigned number,
                         unsigned *shift)
{
    *shift = 0;
    if (instruction->width == 1 && !instruction->rex && number >= 4) {
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

    return truncate(*place >> shift, instruction->width);
}

static void set_register(struct vcpu *vcpu, const struct instruction *instruction, unsigned number,
                         uint64_t value)
{
    unsigned shift, width = instruction->width;
    uint64_t *place = general(vcpu, instruction, number, &shift);

    if (width >= 4)
        *place = truncate(value, width);
    else
        *place = (*place & ~(truncate(~0ul, width) << shift)) | truncate(value, width) << shift;
}

/* The flags of an arithmetic or logical operation: the processor's own are taken. */
#define OPERATE(name, width_bits, type)                                                            \
    case width_bits: {                                                                             \
        type narrow = (type)a;                                                                     \
        asm(name " %[b], %[a]\n\tpushfq\n\tpopq %[flags]"                                          \
            : [a] "+r"(narrow), [flags] "=r"(flags)                                                \
            : [b] "r"((type)b)                                                                     \
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
    case 4:
        return operate_and(vcpu, a, b, width);
    case 5:
        return operate_sub(vcpu, a, b, width);
    case 6:
        return operate_xor(vcpu, a, b, width);
    default:
        wedge_stop("an add or subtract with carry to a page table at %016lx", vcpu->rip);
    }
}

enum result { UNKNOWN, DONE, FAULTED };

static enum result load(struct vcpu *vcpu, uint64_t address, uint64_t *value, unsigned width)
{
    uint64_t where;
    uint32_t code;

    *value = 0;
    code = guest_read(vcpu, address, value, width, 0, &where);
    if (!code)
        return DONE;
    vcpu->cr2 = where;
    exception_deliver(vcpu, EXCEPTION_PAGE_FAULT, true, code & 0xffff);
    return FAULTED;
}

static enum result store(struct vcpu *vcpu, uint64_t address, uint64_t value, unsigned width)
{
    uint64_t where;
    uint32_t code = guest_write(vcpu, address, &value, width, 0, &where);

    if (!code)
        return DONE;
    vcpu->cr2 = where;
    exception_deliver(vcpu, EXCEPTION_PAGE_FAULT, true, code & 0xffff);
    return FAULTED;
}

/* STOS and MOVS, one element or as many as there are: interrupts wait meanwhile, a page at most. */
static enum result string(struct vcpu *vcpu, struct instruction *instruction, bool move)
{
    unsigned width = instruction->width;
    uint64_t step = vcpu->rflags & RFLAGS_DF ? -(uint64_t)width : width;
    uint64_t count = instruction->repeat ? vcpu->gpr[GPR_RCX] : 1,
             value = truncate(vcpu->gpr[GPR_RAX], width);
    uint64_t most = PAGE_SIZE / width;
    enum result result = DONE;

    for (; count && most && result == DONE; count--, most--) {
        if (move)
            result = load(vcpu, vcpu->gpr[GPR_RSI], &value, width);
        if (result == DONE)
            result = store(vcpu, vcpu->gpr[GPR_RDI], value, width);
        if (result != DONE)
            return result;
        vcpu->gpr[GPR_RDI] += step;
        if (move)
            vcpu->gpr[GPR_RSI] += step;
        if (instruction->repeat)
            vcpu->gpr[GPR_RCX] = count - 1;
    }
    if (count && instruction->repeat)
        instruction->at = instruction->end - INSTRUCTION_MAX; /* the same instruction goes on */
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
    uint64_t value, wanted = truncate(vcpu->gpr[GPR_RAX], instruction->width);
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
    unsigned opcode = instruction->opcode, wide = instruction->rex & 8      ? 8
                                                  : instruction->operand_16 ? 2
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
        instruction->address = (uint64_t)immediate(instruction, vcpu->bits == 64 ? 8 : 4);
        if (instruction->segment == SEGMENT_FS || instruction->segment == SEGMENT_GS)
            instruction->address +=
                instruction->segment == SEGMENT_FS ? vcpu->fs_base : vcpu->gs_base;
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
    uint8_t bytes[INSTRUCTION_MAX] = {0};
    struct instruction instruction = {
        .at = bytes, .end = bytes + INSTRUCTION_MAX, .segment = PREFIX_NONE};
    uint64_t where;

    /* It was just executed, so its bytes are there; those behind it may not be. */
    for (unsigned i = 0; i < INSTRUCTION_MAX; i++)
        if (guest_read(vcpu, vcpu->rip + i, &bytes[i], 1, ACCESS_FETCH, &where))
            break;
    if (!read_prefixes(vcpu, &instruction))
        return false;
    switch (carry_out(vcpu, &instruction)) {
    case DONE:
        vcpu->rip += (uint64_t)(instruction.at - bytes);
        return true;
    case FAULTED:
        return true;
    default:
        return false;
    }
}
