/* SPDX-License-Identifier: BSD-2-Clause */
/* The instruction emulator: carries out the sensitive instruction of a site on the virtual CPU,
 * from the operands in its record. Each function below is one group of the table; the manual's page
 * of the instruction says what it does.
 */
#include "afterburn/image.h"
#include "afterburn/record.h"
#include "afterburn/sensitive.h"
#include "wedge/devices.h"
#include "wedge/memory.h"
#include "wedge/print.h"
#include "wedge/vcpu.h"

/* What an emulated instruction came to. */
struct outcome {
    int exception; /* or EXCEPTION_NONE */
    uint64_t error;
    bool has_error;
    bool jumped; /* the instruction pointer is set already */
};

static const struct outcome done = {.exception = EXCEPTION_NONE};
static const struct outcome jumped = {.exception = EXCEPTION_NONE, .jumped = true};

static struct outcome fault(int exception, uint64_t error)
{
    return (struct outcome){.exception = exception, .error = error, .has_error = true};
}

static struct outcome undefined(void)
{
    return (struct outcome){.exception = EXCEPTION_INVALID_OPCODE};
}

static struct outcome page_fault(struct vcpu *vcpu, uint32_t code, uint64_t address)
{
    vcpu->cr2 = address;
    return fault(EXCEPTION_PAGE_FAULT, code & 0xffff);
}

/* --- Operands
 * ------------------------------------------------------------------------------------------------------
 */

static uint64_t truncate(uint64_t value, unsigned width)
{
    return width >= 8 ? value : value & ((1ul << 8 * width) - 1);
}

/* Writes a general register as an instruction of that operand width does: 32-bit ones clear the
 * upper half. */
static void set_register(struct vcpu *vcpu, unsigned number, uint64_t value, unsigned width)
{
    if (width >= 4)
        vcpu->gpr[number] = truncate(value, width);
    else
        vcpu->gpr[number] = (vcpu->gpr[number] & ~truncate(~0ul, width)) | truncate(value, width);
}

/* The behind of the site, where a RIP-relative operand counts from and the guest goes on. */
static uint64_t behind_instruction(const struct vcpu *vcpu, const struct wedge_site *site)
{
    return vcpu->rip + site->offset + site->length;
}

static uint64_t segment_base(const struct vcpu *vcpu, unsigned segment)
{
    return segment == SEGMENT_FS ? vcpu->fs_base : segment == SEGMENT_GS ? vcpu->gs_base : 0;
}

static uint64_t operand_address(const struct vcpu *vcpu, const struct wedge_site *site)
{
    uint64_t address = (uint64_t)(int64_t)site->displacement;

    if (site->base == AFTERBURN_REGISTER_IP)
        address += behind_instruction(vcpu, site);
    else if (site->base != AFTERBURN_REGISTER_NONE)
        address += vcpu->gpr[site->base];
    if (site->index != AFTERBURN_REGISTER_NONE)
        address += vcpu->gpr[site->index] * site->scale;
    return truncate(address, site->address_width) + segment_base(vcpu, site->segment);
}

static bool in_memory(const struct wedge_site *site)
{
    return site->flags & AFTERBURN_MEMORY;
}

/* Reads or writes the instruction's register-or-memory operand. `*outcome` is a page fault when
 * they give false. */
static bool read_operand(struct vcpu *vcpu, const struct wedge_site *site, void *to, size_t size,
                         struct outcome *outcome)
{
    uint64_t where;
    uint32_t code = guest_read(vcpu, operand_address(vcpu, site), to, size, 0, &where);

    if (code)
        *outcome = page_fault(vcpu, code, where);
    return !code;
}

static bool write_operand(struct vcpu *vcpu, const struct wedge_site *site, const void *from,
                          size_t size, struct outcome *outcome)
{
    uint64_t where;
    uint32_t code = guest_write(vcpu, operand_address(vcpu, site), from, size, 0, &where);

    if (code)
        *outcome = page_fault(vcpu, code, where);
    return !code;
}

/* A 16-bit value to a register of the site's width, or to memory as 16 bits. */
static struct outcome store_selector(struct vcpu *vcpu, const struct wedge_site *site,
                                     uint16_t value)
{
    struct outcome outcome = done;

    if (in_memory(site))
        write_operand(vcpu, site, &value, sizeof(value), &outcome);
    else
        set_register(vcpu, site->reg, value, site->width);
    return outcome;
}

static bool fetch_selector(struct vcpu *vcpu, const struct wedge_site *site, uint16_t *value,
                           struct outcome *outcome)
{
    if (in_memory(site))
        return read_operand(vcpu, site, value, sizeof(*value), outcome);
    *value = (uint16_t)vcpu->gpr[site->reg];
    return true;
}

static struct outcome push(struct vcpu *vcpu, uint64_t value, unsigned width)
{
    uint64_t stack = truncate(vcpu->gpr[GPR_RSP] - width, vcpu->bits / 8), where;
    uint32_t code = guest_write(vcpu, stack, &value, width, 0, &where);

    if (code)
        return page_fault(vcpu, code, where);
    vcpu->gpr[GPR_RSP] = stack;
    return done;
}

static bool peek(struct vcpu *vcpu, unsigned place, unsigned width, uint64_t *value,
                 struct outcome *outcome)
{
    uint64_t where;
    uint32_t code;

    *value = 0;
    code = guest_read(vcpu, truncate(vcpu->gpr[GPR_RSP] + (uint64_t)place * width, vcpu->bits / 8),
                      value, width, 0, &where);
    if (code)
        *outcome = page_fault(vcpu, code, where);
    return !code;
}

static void drop(struct vcpu *vcpu, uint64_t bytes)
{
    vcpu->gpr[GPR_RSP] = truncate(vcpu->gpr[GPR_RSP] + bytes, vcpu->bits / 8);
}

/* --- Flags
 * ---------------------------------------------------------------------------------------------------------
 */

#define RFLAGS_STATUS 0xcd5ul /* what programs change freely: CF PF AF ZF SF DF OF */

static struct outcome pop_flags(struct vcpu *vcpu, const struct wedge_site *site)
{
    uint64_t change = RFLAGS_STATUS | RFLAGS_TF | RFLAGS_IF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_AC |
                      0x200000,
             value;
    struct outcome outcome = done;

    if (!peek(vcpu, 0, site->width, &value, &outcome))
        return outcome;
    drop(vcpu, site->width);
    change = truncate(change, site->width);
    vcpu->rflags = (vcpu->rflags & ~change) | (value & change) | RFLAGS_FIXED;
    return done;
}

static struct outcome set_interrupt_flag(struct vcpu *vcpu)
{
    if (!(vcpu->rflags & RFLAGS_IF))
        vcpu->shadow = true;
    vcpu->rflags |= RFLAGS_IF;
    return done;
}

/* --- Ways out of the kernel
 * ------------------------------------------------------------------------------------------ */

static bool canonical(uint64_t address)
{
    return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

#define IRET_FLAGS                                                                                 \
    (RFLAGS_STATUS | RFLAGS_TF | RFLAGS_IF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_RF | RFLAGS_AC |     \
     0x200000ul)

static struct outcome interrupt_return(struct vcpu *vcpu, const struct wedge_site *site)
{
    struct outcome outcome = done;
    uint64_t frame[5], error;
    struct vcpu before = *vcpu;
    bool full = vcpu->bits == 64;
    int exception;

    if (vcpu->rflags & RFLAGS_NT)
        return fault(EXCEPTION_PROTECTION, 0);
    for (unsigned i = 0; i < (full ? 5 : 3); i++)
        if (!peek(vcpu, i, site->width, &frame[i], &outcome))
            return outcome;
    exception = segment_load_code(vcpu, (uint16_t)frame[1], &error);
    if (exception == EXCEPTION_NONE && before.user && !vcpu->user)
        exception = EXCEPTION_PROTECTION;
    if (exception == EXCEPTION_NONE && (full || vcpu->user != before.user)) {
        if (!full)
            for (unsigned i = 3; i < 5; i++)
                if (!peek(vcpu, i, site->width, &frame[i], &outcome))
                    goto undo;
        exception = segment_load(vcpu, SEGMENT_SS, (uint16_t)frame[4], &error);
    } else if (exception == EXCEPTION_NONE) {
        frame[3] = truncate(before.gpr[GPR_RSP] + 3ul * site->width, before.bits / 8);
    }
    if (exception == EXCEPTION_NONE &&
        (vcpu->bits == 64 ? !canonical(frame[0]) : frame[0] >> 32 != 0)) {
        exception = EXCEPTION_PROTECTION;
        error = 0;
    }
    if (exception != EXCEPTION_NONE) {
        outcome = fault(exception, error);
        goto undo;
    }
    vcpu->rip = frame[0];
    vcpu->rflags = (frame[2] & IRET_FLAGS) | RFLAGS_FIXED;
    vcpu->gpr[GPR_RSP] = vcpu->bits == 64 ? frame[3] : truncate(frame[3], 4);
    return jumped;
undo:
    before.cr2 = vcpu->cr2;
    *vcpu = before;
    return outcome;
}

static struct outcome system_return(struct vcpu *vcpu, const struct wedge_site *site)
{
    bool wide = site->width == 8;

    if (!(vcpu->efer & EFER_SCE))
        return undefined();
    if (vcpu->user || (wide && !canonical(vcpu->gpr[GPR_RCX])))
        return fault(EXCEPTION_PROTECTION, 0);
    vcpu->rip = wide ? vcpu->gpr[GPR_RCX] : truncate(vcpu->gpr[GPR_RCX], 4);
    vcpu->rflags = (vcpu->gpr[GPR_R11] & (IRET_FLAGS & ~(uint64_t)RFLAGS_RF)) | RFLAGS_FIXED;
    vcpu->selectors[SEGMENT_CS] = (uint16_t)((vcpu->star >> 48) + (wide ? 16 : 0)) | 3;
    vcpu->selectors[SEGMENT_SS] = (uint16_t)((vcpu->star >> 48) + 8) | 3;
    vcpu->user = true;
    vcpu->bits = wide ? 64 : 32;
    return jumped;
}

static struct outcome far_go(struct vcpu *vcpu, uint16_t selector, uint64_t target)
{
    bool user = vcpu->user;
    uint64_t error;
    int exception;

    if ((selector & 3) != (user ? 3 : 0))
        return fault(EXCEPTION_PROTECTION, selector & 0xfffcu);
    exception = segment_load_code(vcpu, selector, &error);
    if (exception != EXCEPTION_NONE)
        return fault(exception, error);
    vcpu->rip = target;
    return jumped;
}

static struct outcome far_return(struct vcpu *vcpu, const struct wedge_site *site)
{
    struct outcome outcome = done;
    uint64_t target, selector;

    if (!peek(vcpu, 0, site->width, &target, &outcome) ||
        !peek(vcpu, 1, site->width, &selector, &outcome))
        return outcome;
    if ((selector & 3) == 3 && !vcpu->user)
        wedge_stop("a far return to user mode, which is not supported");
    outcome = far_go(vcpu, (uint16_t)selector, target);
    if (outcome.exception == EXCEPTION_NONE)
        drop(vcpu, 2ul * site->width + (site->flags & AFTERBURN_IMMEDIATE ? site->immediate : 0));
    return outcome;
}

/* Direct ones have selector and offset in the record, indirect ones in memory, the offset first. */
static struct outcome far_target(struct vcpu *vcpu, const struct wedge_site *site,
                                 uint16_t *selector, uint64_t *target)
{
    struct outcome outcome = done;
    uint8_t pointer[10];
    unsigned width = site->width > 8 ? 8 : site->width < 4 ? 2 : site->width >= 8 ? 8 : 4;

    if (site->flags & AFTERBURN_FAR_POINTER) {
        *selector = site->immediate;
        *target = (uint32_t)site->displacement;
        return done;
    }
    if (!read_operand(vcpu, site, pointer, width + 2, &outcome))
        return outcome;
    *target = 0;
    for (unsigned i = width; i--;)
        *target = *target << 8 | pointer[i];
    *selector = (uint16_t)(pointer[width] | pointer[width + 1] << 8);
    return done;
}

static struct outcome far_jump(struct vcpu *vcpu, const struct wedge_site *site, bool call)
{
    uint64_t target = 0, behind = vcpu->rip + site->span, stack = vcpu->gpr[GPR_RSP];
    uint16_t selector = 0, old = vcpu->selectors[SEGMENT_CS];
    unsigned width = site->flags & AFTERBURN_FAR_POINTER ? site->width : site->width >= 10 ? 8 : 4;
    struct outcome outcome = far_target(vcpu, site, &selector, &target);

    if (outcome.exception != EXCEPTION_NONE)
        return outcome;
    if (call) {
        outcome = push(vcpu, old, width);
        if (outcome.exception == EXCEPTION_NONE)
            outcome = push(vcpu, behind, width);
        if (outcome.exception != EXCEPTION_NONE) {
            vcpu->gpr[GPR_RSP] = stack;
            return outcome;
        }
    }
    outcome = far_go(vcpu, selector, target);
    if (outcome.exception != EXCEPTION_NONE)
        vcpu->gpr[GPR_RSP] = stack;
    return outcome;
}

/* --- Ports
 * -----------------------------------------------------------------------------------------------------------
 */

static struct outcome port(struct vcpu *vcpu, const struct wedge_site *site, bool in)
{
    uint16_t number =
        site->flags & AFTERBURN_IMMEDIATE ? site->immediate : (uint16_t)vcpu->gpr[GPR_RDX];
    unsigned width = site->width;

    vcpu->disturbed |= ports_disturbs(number, in);
    if (in)
        set_register(vcpu, GPR_RAX, ports_read(number, (int)width), width);
    else
        ports_write(number, (int)width, (uint32_t)truncate(vcpu->gpr[GPR_RAX], width));
    return done;
}

static struct outcome port_string(struct vcpu *vcpu, const struct wedge_site *site, bool in)
{
    unsigned width = site->width, pointer = in ? GPR_RDI : GPR_RSI;
    uint64_t count =
        site->flags & AFTERBURN_REPEAT ? truncate(vcpu->gpr[GPR_RCX], site->address_width) : 1;
    uint64_t step = vcpu->rflags & RFLAGS_DF ? -(uint64_t)width : width;
    uint16_t number = (uint16_t)vcpu->gpr[GPR_RDX];

    vcpu->disturbed |= ports_disturbs(number, in);
    for (; count; count--) {
        uint64_t address = truncate(vcpu->gpr[pointer], site->address_width), where;
        uint32_t value = in ? ports_read(number, (int)width) : 0, code;

        if (!in)
            address += segment_base(vcpu, site->segment);
        code = in ? guest_write(vcpu, address, &value, width, 0, &where)
                  : guest_read(vcpu, address, &value, width, 0, &where);
        if (code)
            return page_fault(vcpu, code, where);
        if (!in)
            ports_write(number, (int)width, value);
        set_register(vcpu, pointer, vcpu->gpr[pointer] + step, site->address_width);
        if (site->flags & AFTERBURN_REPEAT)
            set_register(vcpu, GPR_RCX, count - 1, site->address_width);
    }
    return done;
}

/* --- Descriptor tables
 * -----------------------------------------------------------------------------------------------
 */

struct pseudo_descriptor {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

static unsigned pseudo_size(const struct vcpu *vcpu)
{
    return vcpu->bits == 64 ? 10 : 6;
}

static struct outcome load_table(struct vcpu *vcpu, const struct wedge_site *site,
                                 struct table_register *table)
{
    struct pseudo_descriptor pointer = {0};
    struct outcome outcome = done;

    if (!read_operand(vcpu, site, &pointer, pseudo_size(vcpu), &outcome))
        return outcome;
    if (!canonical(pointer.base))
        return fault(EXCEPTION_PROTECTION, 0);
    table->base = pointer.base;
    table->limit = pointer.limit;
    return done;
}

static struct outcome store_table(struct vcpu *vcpu, const struct wedge_site *site,
                                  const struct table_register *table)
{
    struct pseudo_descriptor pointer = {.limit = (uint16_t)table->limit, .base = table->base};
    struct outcome outcome = done;

    write_operand(vcpu, site, &pointer, pseudo_size(vcpu), &outcome);
    return outcome;
}

#define SYSTEM_TYPE     (0x1ful << 40)
#define SYSTEM_LDT      (0x02ul << 40)
#define SYSTEM_TSS      (0x09ul << 40)
#define SYSTEM_TSS_BUSY (0x02ul << 40)
#define SYSTEM_PRESENT  (1ul << 47)

/* LLDT and LTR: a system descriptor of 16 bytes in long mode. */
static struct outcome load_system(struct vcpu *vcpu, const struct wedge_site *site,
                                  struct table_register *table, uint64_t type)
{
    struct outcome outcome = done;
    uint64_t descriptor, upper = 0, where;
    uint16_t selector;

    if (!fetch_selector(vcpu, site, &selector, &outcome))
        return outcome;
    if (!(selector & 0xfffcu)) {
        if (type == SYSTEM_TSS)
            return fault(EXCEPTION_PROTECTION, 0);
        *table = (struct table_register){.selector = selector};
        return done;
    }
    if (selector & 4 || !segment_descriptor(vcpu, selector, &descriptor) ||
        (descriptor & SYSTEM_TYPE) != type)
        return fault(EXCEPTION_PROTECTION, selector & 0xfffcu);
    if (!(descriptor & SYSTEM_PRESENT))
        return fault(EXCEPTION_NOT_PRESENT, selector & 0xfffcu);
    if (vcpu->efer & EFER_LMA &&
        guest_read(vcpu, vcpu->gdt.base + (selector & 0xfff8u) + 8, &upper, 8, 0, &where))
        return fault(EXCEPTION_PROTECTION, selector & 0xfffcu);
    if (type == SYSTEM_TSS) {
        descriptor |= SYSTEM_TSS_BUSY;
        guest_write(vcpu, vcpu->gdt.base + (selector & 0xfff8u), &descriptor, 8, 0, &where);
    }
    *table = (struct table_register){
        .base = descriptor_base(descriptor) | upper << 32,
        .limit = descriptor_limit(descriptor),
        .selector = selector,
    };
    return done;
}

/* --- Control, debug and segment registers
 * ---------------------------------------------------------------------------- */

static struct outcome to_control(struct vcpu *vcpu, const struct wedge_site *site)
{
    uint64_t value = truncate(vcpu->gpr[site->reg], vcpu->bits == 64 ? 8 : 4);

    return control_write(vcpu, site->special, value) ? done : fault(EXCEPTION_PROTECTION, 0);
}

/* DR4 and DR5 are other names of DR6 and DR7 until CR4.DE (AMD64 manual 2, 13.1.1). */
static bool debug_register(const struct vcpu *vcpu, const struct wedge_site *site, unsigned *number)
{
    *number = site->special & 7;
    if (*number != 4 && *number != 5)
        return true;
    *number += 2;
    return !(vcpu->cr4 & 0x8);
}

static struct outcome to_debug(struct vcpu *vcpu, const struct wedge_site *site)
{
    uint64_t value = truncate(vcpu->gpr[site->reg], vcpu->bits == 64 ? 8 : 4);
    unsigned number;

    if (!debug_register(vcpu, site, &number))
        return undefined();
    if (number >= 6 && value >> 32)
        return fault(EXCEPTION_PROTECTION, 0);
    if (number == 6)
        value = (value & 0xefff) | 0xffff0ff0;
    if (number == 7)
        value = (value & 0xffff2bff) | 0x400;
    vcpu->dr[number] = value;
    if (number != 6)
        backend->debug_write(number, value);
    return done;
}

static struct outcome from_debug(struct vcpu *vcpu, const struct wedge_site *site)
{
    unsigned number;

    if (!debug_register(vcpu, site, &number))
        return undefined();
    set_register(vcpu, site->reg, vcpu->dr[number], vcpu->bits == 64 ? 8 : 4);
    return done;
}

static struct outcome load_status_word(struct vcpu *vcpu, const struct wedge_site *site)
{
    struct outcome outcome = done;
    uint16_t value;

    if (!fetch_selector(vcpu, site, &value, &outcome))
        return outcome;
    /* It can set PE, not clear it. */
    control_write(vcpu, 0, (vcpu->cr0 & ~0xeul) | (value & 0xfu));
    return done;
}

static struct outcome to_segment(struct vcpu *vcpu, const struct wedge_site *site)
{
    struct outcome outcome = done;
    uint16_t selector;
    uint64_t error;
    int exception;

    if (!fetch_selector(vcpu, site, &selector, &outcome))
        return outcome;
    exception = segment_load(vcpu, site->special, selector, &error);
    if (exception != EXCEPTION_NONE)
        return fault(exception, error);
    if (site->special == SEGMENT_SS)
        vcpu->shadow = true;
    return done;
}

static struct outcome pop_segment(struct vcpu *vcpu, const struct wedge_site *site)
{
    struct outcome outcome = done;
    uint64_t value, error;
    int exception;

    if (!peek(vcpu, 0, site->width, &value, &outcome))
        return outcome;
    exception = segment_load(vcpu, site->special, (uint16_t)value, &error);
    if (exception != EXCEPTION_NONE)
        return fault(exception, error);
    drop(vcpu, site->width);
    if (site->special == SEGMENT_SS)
        vcpu->shadow = true;
    return done;
}

/* LDS, LES, LFS, LGS, LSS: the offset lies first. The register changes only if the segment does. */
static struct outcome load_far_pointer(struct vcpu *vcpu, const struct wedge_site *site,
                                       unsigned segment)
{
    struct outcome outcome = done;
    uint8_t pointer[10];
    unsigned width = site->width > 8 ? 8 : site->width;
    uint64_t offset = 0, error;
    int exception;

    if (!read_operand(vcpu, site, pointer, width + 2, &outcome))
        return outcome;
    for (unsigned i = width; i--;)
        offset = offset << 8 | pointer[i];
    exception =
        segment_load(vcpu, segment, (uint16_t)(pointer[width] | pointer[width + 1] << 8), &error);
    if (exception != EXCEPTION_NONE)
        return fault(exception, error);
    set_register(vcpu, site->reg, offset, width);
    if (segment == SEGMENT_SS)
        vcpu->shadow = true;
    return done;
}

static struct outcome adjust_privilege(struct vcpu *vcpu, const struct wedge_site *site)
{
    uint16_t selector, other = (uint16_t)vcpu->gpr[site->reg2];
    struct outcome outcome = done;
    bool raise;

    if (!fetch_selector(vcpu, site, &selector, &outcome))
        return outcome;
    raise = (selector & 3) < (other & 3);
    if (raise) {
        selector = (uint16_t)((selector & ~3u) | (other & 3));
        if (in_memory(site))
            write_operand(vcpu, site, &selector, sizeof(selector), &outcome);
        else
            set_register(vcpu, site->reg, selector, 2);
    }
    if (outcome.exception == EXCEPTION_NONE)
        vcpu->rflags = raise ? vcpu->rflags | RFLAGS_ZF : vcpu->rflags & ~(uint64_t)RFLAGS_ZF;
    return outcome;
}

/* LAR, LSL, VERR, VERW: what a selector may be used for. */
static struct outcome examine(struct vcpu *vcpu, const struct wedge_site *site)
{
    struct outcome outcome = done;
    uint64_t descriptor = 0, type;
    unsigned level, wanted;
    uint16_t selector;
    bool good, code;

    if (in_memory(site)) {
        if (!read_operand(vcpu, site, &selector, sizeof(selector), &outcome))
            return outcome;
    } else {
        bool two = site->kind == SENSITIVE_lar || site->kind == SENSITIVE_lsl;

        selector = (uint16_t)vcpu->gpr[two ? site->reg2 : site->reg];
    }
    good = selector & 0xfffcu && segment_descriptor(vcpu, selector, &descriptor);
    type = descriptor >> 40 & 0xf;
    level = descriptor >> 45 & 3;
    wanted = (selector & 3u) > (vcpu->user ? 3u : 0u) ? selector & 3u : vcpu->user ? 3u : 0u;
    code = type & 8;
    if (!(descriptor & 1ul << 44)) { /* system descriptors: those that long mode knows */
        good =
            good &&
            (type == 2 || type == 9 || type == 11 || (type == 12 && site->kind == SENSITIVE_lar)) &&
            (site->kind == SENSITIVE_lar || site->kind == SENSITIVE_lsl);
        code = false;
        type = 0;
    }
    if (good && !(code && type & 4) && level < wanted)
        good = false;
    if (good && site->kind == SENSITIVE_verr)
        good = !code || type & 2;
    if (good && site->kind == SENSITIVE_verw)
        good = !code && type & 2;
    vcpu->rflags = good ? vcpu->rflags | RFLAGS_ZF : vcpu->rflags & ~(uint64_t)RFLAGS_ZF;
    if (good && site->kind == SENSITIVE_lar)
        set_register(vcpu, site->reg, descriptor >> 32 & 0xffff00, site->width);
    if (good && site->kind == SENSITIVE_lsl)
        set_register(vcpu, site->reg, descriptor_limit(descriptor), site->width);
    return done;
}

/* --- Model specific registers, counters, bases
 * ------------------------------------------------------------------------ */

static void set_pair(struct vcpu *vcpu, uint64_t value)
{
    vcpu->gpr[GPR_RAX] = (uint32_t)value;
    vcpu->gpr[GPR_RDX] = value >> 32;
}

static uint64_t get_pair(const struct vcpu *vcpu)
{
    return (uint32_t)vcpu->gpr[GPR_RAX] | vcpu->gpr[GPR_RDX] << 32;
}

static struct outcome read_msr(struct vcpu *vcpu)
{
    uint64_t value;

    if (!msr_read(vcpu, (uint32_t)vcpu->gpr[GPR_RCX], &value))
        return fault(EXCEPTION_PROTECTION, 0);
    set_pair(vcpu, value);
    return done;
}

static struct outcome write_msr(struct vcpu *vcpu)
{
    return msr_write(vcpu, (uint32_t)vcpu->gpr[GPR_RCX], get_pair(vcpu))
               ? done
               : fault(EXCEPTION_PROTECTION, 0);
}

static struct outcome read_counter(struct vcpu *vcpu)
{
    uint32_t low, high;

    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    set_pair(vcpu, (uint64_t)high << 32 | low);
    return done;
}

static struct outcome swap_bases(struct vcpu *vcpu)
{
    uint64_t base = vcpu->gs_base;

    vcpu->gs_base = vcpu->kernel_gs_base;
    vcpu->kernel_gs_base = base;
    return done;
}

static struct outcome invalidate(struct vcpu *vcpu, const struct wedge_site *site)
{
    uint64_t address = operand_address(vcpu, site);

    shadow_refresh(vcpu, address);
    backend->flush_address(address);
    return done;
}

static struct outcome software_interrupt(struct vcpu *vcpu, const struct wedge_site *site)
{
    unsigned vector = site->kind == SENSITIVE_int1   ? EXCEPTION_DEBUG
                      : site->kind == SENSITIVE_into ? EXCEPTION_OVERFLOW
                                                     : site->immediate;

    if (site->kind == SENSITIVE_into && !(vcpu->rflags & RFLAGS_OF))
        return done;
    software_interrupt_deliver(vcpu, vector, site->span);
    return jumped;
}

static struct outcome halt(struct vcpu *vcpu)
{
    vcpu->halted = true;
    return done;
}

/* --- One instruction
 * --------------------------------------------------------------------------------------------------
 */

static struct outcome carry_out(struct vcpu *vcpu, const struct wedge_site *site)
{
    switch (site->kind) {
    case SENSITIVE_cli:
        vcpu->rflags &= ~(uint64_t)RFLAGS_IF;
        return done;
    case SENSITIVE_sti:
        return set_interrupt_flag(vcpu);
    case SENSITIVE_pushf:
        return push(vcpu, vcpu->rflags & ~(uint64_t)(RFLAGS_VM | RFLAGS_RF), site->width);
    case SENSITIVE_popf:
        return pop_flags(vcpu, site);
    case SENSITIVE_hlt:
        return halt(vcpu);
    case SENSITIVE_iret:
        return interrupt_return(vcpu, site);
    case SENSITIVE_sysret:
        return system_return(vcpu, site);
    case SENSITIVE_swapgs:
        return swap_bases(vcpu);
    case SENSITIVE_int:
    case SENSITIVE_int1:
    case SENSITIVE_into:
        return software_interrupt(vcpu, site);
    case SENSITIVE_in:
        return port(vcpu, site, true);
    case SENSITIVE_out:
        return port(vcpu, site, false);
    case SENSITIVE_ins:
        return port_string(vcpu, site, true);
    case SENSITIVE_outs:
        return port_string(vcpu, site, false);
    case SENSITIVE_lgdt:
        return load_table(vcpu, site, &vcpu->gdt);
    case SENSITIVE_lidt:
        return load_table(vcpu, site, &vcpu->idt);
    case SENSITIVE_sgdt:
        return store_table(vcpu, site, &vcpu->gdt);
    case SENSITIVE_sidt:
        return store_table(vcpu, site, &vcpu->idt);
    case SENSITIVE_lldt:
        return load_system(vcpu, site, &vcpu->ldt, SYSTEM_LDT);
    case SENSITIVE_ltr:
        return load_system(vcpu, site, &vcpu->task, SYSTEM_TSS);
    case SENSITIVE_sldt:
        return store_selector(vcpu, site, vcpu->ldt.selector);
    case SENSITIVE_str:
        return store_selector(vcpu, site, vcpu->task.selector);
    case SENSITIVE_smsw:
        if (!in_memory(site)) {
            set_register(vcpu, site->reg, vcpu->cr0, site->width);
            return done;
        }
        return store_selector(vcpu, site, (uint16_t)vcpu->cr0);
    case SENSITIVE_lmsw:
        return load_status_word(vcpu, site);
    case SENSITIVE_clts:
        vcpu->cr0 &= ~(uint64_t)CR0_TS;
        return done;
    case SENSITIVE_mov_to_control:
        return to_control(vcpu, site);
    case SENSITIVE_mov_from_control:
        set_register(vcpu, site->reg, control_read(vcpu, site->special), vcpu->bits == 64 ? 8 : 4);
        return done;
    case SENSITIVE_mov_to_debug:
        return to_debug(vcpu, site);
    case SENSITIVE_mov_from_debug:
        return from_debug(vcpu, site);
    case SENSITIVE_mov_to_segment:
        return to_segment(vcpu, site);
    case SENSITIVE_mov_from_segment:
        return store_selector(vcpu, site, vcpu->selectors[site->special]);
    case SENSITIVE_push_segment:
        return push(vcpu, vcpu->selectors[site->special], site->width);
    case SENSITIVE_pop_segment:
        return pop_segment(vcpu, site);
    case SENSITIVE_lds:
        return load_far_pointer(vcpu, site, SEGMENT_DS);
    case SENSITIVE_les:
        return load_far_pointer(vcpu, site, SEGMENT_ES);
    case SENSITIVE_lfs:
        return load_far_pointer(vcpu, site, SEGMENT_FS);
    case SENSITIVE_lgs:
        return load_far_pointer(vcpu, site, SEGMENT_GS);
    case SENSITIVE_lss:
        return load_far_pointer(vcpu, site, SEGMENT_SS);
    case SENSITIVE_arpl:
        return adjust_privilege(vcpu, site);
    case SENSITIVE_syscall:
        if (!(vcpu->efer & EFER_SCE))
            return undefined();
        vcpu->rip += site->span;
        system_call(vcpu);
        return jumped;
    case SENSITIVE_far_jmp:
        return far_jump(vcpu, site, false);
    case SENSITIVE_far_call:
        return far_jump(vcpu, site, true);
    case SENSITIVE_far_ret:
        return far_return(vcpu, site);
    case SENSITIVE_lar:
    case SENSITIVE_lsl:
    case SENSITIVE_verr:
    case SENSITIVE_verw:
        return examine(vcpu, site);
    case SENSITIVE_invlpg:
        return invalidate(vcpu, site);
    case SENSITIVE_invd:
    case SENSITIVE_wbinvd:
    case SENSITIVE_wbnoinvd:
        return done; /* caches are coherent here, and nobody else's business */
    case SENSITIVE_rdmsr:
        return read_msr(vcpu);
    case SENSITIVE_wrmsr:
        return write_msr(vcpu);
    case SENSITIVE_rdtsc:
        return read_counter(vcpu);
    case SENSITIVE_cpuid:
        cpuid_emulate(vcpu);
        return done;
    case SENSITIVE_xgetbv:
    case SENSITIVE_xsetbv:
    case SENSITIVE_rdtscp:
    case SENSITIVE_rdpid:
    case SENSITIVE_stac:
    case SENSITIVE_clac:
    case SENSITIVE_monitor:
    case SENSITIVE_mwait:
    case SENSITIVE_invpcid:
    case SENSITIVE_rdfsbase:
    case SENSITIVE_rdgsbase:
    case SENSITIVE_wrfsbase:
    case SENSITIVE_wrgsbase:
    case SENSITIVE_rdpkru:
    case SENSITIVE_wrpkru:
        return undefined(); /* CPUID says that we have none */
    default:
        return undefined(); /* CPUID says that we have none; RSM is none outside system management
                             */
    }
}

void emulate_site(struct vcpu *vcpu, const struct wedge_site *site)
{
    struct outcome outcome;

    bool step = vcpu->rflags & RFLAGS_TF;

    vcpu->site = site;
    vcpu->shadow = false;
    outcome = carry_out(vcpu, site);
    vcpu->site = NULL;
    if (outcome.exception != EXCEPTION_NONE)
        exception_deliver(vcpu, (unsigned)outcome.exception, outcome.has_error, outcome.error);
    else if (!outcome.jumped)
        vcpu->rip += site->span;
    if (step && outcome.exception == EXCEPTION_NONE && site->kind != SENSITIVE_int &&
        !vcpu->shadow) {
        vcpu->dr[6] |= 0x4000;
        exception_deliver(vcpu, EXCEPTION_DEBUG, false, 0);
    }
}
