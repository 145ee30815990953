/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptor tables, control and debug registers. */
#include "wedge/instructions.h"
#include "wedge/memory.h"

struct pseudo_descriptor {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

static unsigned pseudo_size(const struct vcpu *vcpu)
{
    return vcpu->bits == 64 ? 10 : 6;
}

struct outcome instruction_load_table(struct vcpu *vcpu, const struct wedge_site *site,
                                      struct table_register *table)
{
    struct pseudo_descriptor pointer = {0};
    struct outcome outcome = outcome_done;

    if (!operand_read(vcpu, site, &pointer, pseudo_size(vcpu), &outcome))
        return outcome;
    if (!address_canonical(pointer.base))
        return outcome_fault(EXCEPTION_PROTECTION, 0);
    table->base = pointer.base;
    table->limit = pointer.limit;
    return outcome_done;
}

struct outcome instruction_store_table(struct vcpu *vcpu, const struct wedge_site *site,
                                       const struct table_register *table)
{
    struct pseudo_descriptor pointer = {.limit = (uint16_t)table->limit, .base = table->base};
    struct outcome outcome = outcome_done;

    operand_write(vcpu, site, &pointer, pseudo_size(vcpu), &outcome);
    return outcome;
}

#define SYSTEM_TYPE     (0x1ful << 40)
#define SYSTEM_TSS_BUSY (0x02ul << 40)
#define SYSTEM_PRESENT  (1ul << 47)

/* A system descriptor has 16 bytes in long mode. */
struct outcome instruction_load_system(struct vcpu *vcpu, const struct wedge_site *site,
                                       struct table_register *table, uint64_t type)
{
    struct outcome outcome = outcome_done;
    uint64_t descriptor, upper = 0, where;
    uint16_t selector;

    if (!operand_fetch_selector(vcpu, site, &selector, &outcome))
        return outcome;
    if (!(selector & 0xfffcu)) {
        if (type == SYSTEM_TSS)
            return outcome_fault(EXCEPTION_PROTECTION, 0);
        *table = (struct table_register){.selector = selector};
        return outcome_done;
    }
    if (selector & 4 || !segment_descriptor(vcpu, selector, &descriptor) ||
        (descriptor & SYSTEM_TYPE) != type)
        return outcome_fault(EXCEPTION_PROTECTION, selector & 0xfffcu);
    if (!(descriptor & SYSTEM_PRESENT))
        return outcome_fault(EXCEPTION_NOT_PRESENT, selector & 0xfffcu);
    if (vcpu->efer & EFER_LMA &&
        guest_read(vcpu, vcpu->gdt.base + (selector & 0xfff8u) + 8, &upper, 8, 0, &where))
        return outcome_fault(EXCEPTION_PROTECTION, selector & 0xfffcu);
    if (type == SYSTEM_TSS) {
        descriptor |= SYSTEM_TSS_BUSY;
        guest_write(vcpu, vcpu->gdt.base + (selector & 0xfff8u), &descriptor, 8, 0, &where);
    }
    *table = (struct table_register){
        .base = descriptor_base(descriptor) | upper << 32,
        .limit = descriptor_limit(descriptor),
        .selector = selector,
    };
    return outcome_done;
}

struct outcome instruction_to_control(struct vcpu *vcpu, const struct wedge_site *site)
{
    uint64_t value = register_truncate(vcpu->gpr[site->reg], vcpu->bits == 64 ? 8 : 4);

    return control_write(vcpu, site->special, value) ? outcome_done
                                                     : outcome_fault(EXCEPTION_PROTECTION, 0);
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

#define DR7_GENERAL_DETECT 0x2000u
#define DR6_DETECTED       0x2000u

/* With DR7.GD every access faults; the handler may make some (AMD64 manual 2, 13.1.1.4). */
static bool is_guarded(struct vcpu *vcpu)
{
    if (!(vcpu->dr[7] & DR7_GENERAL_DETECT))
        return false;
    vcpu->dr[7] &= ~(uint64_t)DR7_GENERAL_DETECT;
    vcpu->dr[6] |= DR6_DETECTED;
    return true;
}

static struct outcome debug_fault(void)
{
    return (struct outcome){.exception = EXCEPTION_DEBUG};
}

struct outcome instruction_to_debug(struct vcpu *vcpu, const struct wedge_site *site)
{
    uint64_t value = register_truncate(vcpu->gpr[site->reg], vcpu->bits == 64 ? 8 : 4);
    unsigned number;

    if (!debug_register(vcpu, site, &number))
        return outcome_undefined();
    if (is_guarded(vcpu))
        return debug_fault();
    if (number >= 6 && value >> 32)
        return outcome_fault(EXCEPTION_PROTECTION, 0);
    if (number == 6)
        value = (value & 0xefff) | 0xffff0ff0;
    if (number == 7)
        value = (value & 0xffff2bff) | 0x400;
    vcpu->dr[number] = value;
    if (number != 6)
        backend->debug_write(number, number == 7 ? value & ~(uint64_t)DR7_GENERAL_DETECT : value);
    return outcome_done;
}

struct outcome instruction_from_debug(struct vcpu *vcpu, const struct wedge_site *site)
{
    unsigned number;

    if (!debug_register(vcpu, site, &number))
        return outcome_undefined();
    if (is_guarded(vcpu))
        return debug_fault();
    register_set(vcpu, site->reg, vcpu->dr[number], vcpu->bits == 64 ? 8 : 4);
    return outcome_done;
}

struct outcome instruction_lmsw(struct vcpu *vcpu, const struct wedge_site *site)
{
    struct outcome outcome = outcome_done;
    uint16_t value;

    if (!operand_fetch_selector(vcpu, site, &value, &outcome))
        return outcome;
    /* It can set PE, not clear it. */
    control_write(vcpu, 0, (vcpu->cr0 & ~0xeul) | (value & 0xfu));
    return outcome_done;
}
