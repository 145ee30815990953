/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading segment registers, and what their descriptors allow. */
#include "afterburn/record.h"
#include "afterburn/sensitive.h"
#include "wedge/instructions.h"

struct outcome instruction_to_segment(struct vcpu *vcpu, const struct wedge_site *site)
{
    struct outcome outcome = outcome_done;
    uint16_t selector;
    uint64_t error;
    int exception;

    if (!operand_fetch_selector(vcpu, site, &selector, &outcome))
        return outcome;
    exception = segment_load(vcpu, site->special, selector, &error);
    if (exception != EXCEPTION_NONE)
        return outcome_fault(exception, error);
    if (site->special == SEGMENT_SS)
        vcpu->shadow = true;
    return outcome_done;
}

struct outcome instruction_pop_segment(struct vcpu *vcpu, const struct wedge_site *site)
{
    struct outcome outcome = outcome_done;
    uint64_t value, error;
    int exception;

    if (!stack_peek(vcpu, 0, 1, site->width, &value, &outcome))
        return outcome;
    exception = segment_load(vcpu, site->special, (uint16_t)value, &error);
    if (exception != EXCEPTION_NONE)
        return outcome_fault(exception, error);
    stack_drop(vcpu, site->width);
    if (site->special == SEGMENT_SS)
        vcpu->shadow = true;
    return outcome_done;
}

/* The offset lies first. The register changes only if the segment does. */
struct outcome instruction_load_far_pointer(struct vcpu *vcpu, const struct wedge_site *site,
                                            unsigned segment)
{
    struct outcome outcome = outcome_done;
    unsigned width = site->width > 8 ? 8 : site->width;
    uint64_t offset, error;
    uint16_t selector;
    int exception;

    if (!operand_read_far(vcpu, site, width, &offset, &selector, &outcome))
        return outcome;
    exception = segment_load(vcpu, segment, selector, &error);
    if (exception != EXCEPTION_NONE)
        return outcome_fault(exception, error);
    register_set(vcpu, site->reg, offset, width);
    if (segment == SEGMENT_SS)
        vcpu->shadow = true;
    return outcome_done;
}

struct outcome instruction_arpl(struct vcpu *vcpu, const struct wedge_site *site)
{
    uint16_t selector, other = (uint16_t)vcpu->gpr[site->reg2];
    struct outcome outcome = outcome_done;
    bool raise;

    if (!operand_fetch_selector(vcpu, site, &selector, &outcome))
        return outcome;
    raise = (selector & 3) < (other & 3);
    if (raise) {
        selector = (uint16_t)((selector & ~3u) | (other & 3));
        if (operand_in_memory(site))
            operand_write(vcpu, site, &selector, sizeof(selector), &outcome);
        else
            register_set(vcpu, site->reg, selector, 2);
    }
    if (outcome.exception == EXCEPTION_NONE)
        vcpu->rflags = raise ? vcpu->rflags | RFLAGS_ZF : vcpu->rflags & ~(uint64_t)RFLAGS_ZF;
    return outcome;
}

struct outcome instruction_examine(struct vcpu *vcpu, const struct wedge_site *site)
{
    struct outcome outcome = outcome_done;
    uint64_t descriptor = 0, type;
    unsigned level, wanted;
    uint16_t selector;
    bool good, code;

    if (operand_in_memory(site)) {
        if (!operand_read(vcpu, site, &selector, sizeof(selector), &outcome))
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
        register_set(vcpu, site->reg, descriptor >> 32 & 0xffff00, site->width);
    if (good && site->kind == SENSITIVE_lsl)
        register_set(vcpu, site->reg, descriptor_limit(descriptor), site->width);
    return outcome_done;
}
