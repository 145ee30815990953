/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions that go elsewhere: returns to where an exception or a system call came from, far
 * jumps, calls and returns, software interrupts. */
#include "afterburn/record.h"
#include "afterburn/sensitive.h"
#include "wedge/instructions.h"
#include "wedge/print.h"

#define IRET_FLAGS                                                                                 \
    (RFLAGS_STATUS | RFLAGS_TF | RFLAGS_IF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_RF | RFLAGS_AC |     \
     RFLAGS_ID)

/* What loading CS and SS changes. */
struct privilege {
    bool user;
    uint8_t bits;
    uint16_t cs, ss;
};

static struct privilege privilege_of(const struct vcpu *vcpu)
{
    return (struct privilege){vcpu->user, vcpu->bits, vcpu->selectors[SEGMENT_CS],
                              vcpu->selectors[SEGMENT_SS]};
}

static void privilege_restore(struct vcpu *vcpu, const struct privilege *before)
{
    vcpu->user = before->user;
    vcpu->bits = before->bits;
    vcpu->selectors[SEGMENT_CS] = before->cs;
    vcpu->selectors[SEGMENT_SS] = before->ss;
}

struct outcome instruction_iret(struct vcpu *vcpu, const struct wedge_site *site)
{
    struct outcome outcome = outcome_done;
    uint64_t frame[5], error;
    struct privilege before = privilege_of(vcpu);
    bool full = vcpu->bits == 64, changes;
    int exception;

    if (vcpu->rflags & RFLAGS_NT)
        return outcome_fault(EXCEPTION_PROTECTION, 0);
    if (!stack_peek(vcpu, 0, full ? 5 : 3, site->width, frame, &outcome))
        return outcome;
    changes = !before.user && (frame[1] & 3) == 3;
    if (!full && changes && !stack_peek(vcpu, 3, 2, site->width, &frame[3], &outcome))
        return outcome;
    exception = segment_load_code(vcpu, (uint16_t)frame[1], &error);
    if (exception == EXCEPTION_NONE && before.user && !vcpu->user)
        exception = EXCEPTION_PROTECTION;
    if (exception == EXCEPTION_NONE && (full || changes)) {
        exception = segment_load(vcpu, SEGMENT_SS, (uint16_t)frame[4], &error);
    } else if (exception == EXCEPTION_NONE) {
        frame[3] = register_truncate(vcpu->gpr[GPR_RSP] + 3ul * site->width, before.bits / 8);
    }
    if (exception == EXCEPTION_NONE &&
        (vcpu->bits == 64 ? !address_canonical(frame[0]) : frame[0] >> 32 != 0)) {
        exception = EXCEPTION_PROTECTION;
        error = 0;
    }
    if (exception != EXCEPTION_NONE) {
        privilege_restore(vcpu, &before);
        return outcome_fault(exception, error);
    }
    vcpu->rip = frame[0];
    vcpu->rflags = (frame[2] & IRET_FLAGS) | RFLAGS_FIXED;
    vcpu->gpr[GPR_RSP] = vcpu->bits == 64 ? frame[3] : register_truncate(frame[3], 4);
    return outcome_jumped;
}

struct outcome instruction_sysret(struct vcpu *vcpu, const struct wedge_site *site)
{
    bool wide = site->width == 8;

    if (!(vcpu->efer & EFER_SCE))
        return outcome_undefined();
    if (vcpu->user || (wide && !address_canonical(vcpu->gpr[GPR_RCX])))
        return outcome_fault(EXCEPTION_PROTECTION, 0);
    vcpu->rip = wide ? vcpu->gpr[GPR_RCX] : register_truncate(vcpu->gpr[GPR_RCX], 4);
    vcpu->rflags = (vcpu->gpr[GPR_R11] & (IRET_FLAGS & ~(uint64_t)RFLAGS_RF)) | RFLAGS_FIXED;
    vcpu->selectors[SEGMENT_CS] = (uint16_t)((vcpu->star >> 48) + (wide ? 16 : 0)) | 3;
    vcpu->selectors[SEGMENT_SS] = (uint16_t)((vcpu->star >> 48) + 8) | 3;
    vcpu->user = true;
    vcpu->bits = wide ? 64 : 32;
    return outcome_jumped;
}

/* In long mode AMD's processors do not have these two (AMD64 manual 3; Intel manual 2). */
static bool has_sysenter(const struct vcpu *vcpu)
{
    static const uint32_t amd[] = {0x68747541, 0x69746e65, 0x444d4163}; /* EBX, EDX, ECX */
    static bool asked, is_amd;

    if (!asked) {
        uint32_t a = 0, b, c = 0, d;

        asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
        is_amd = b == amd[0] && d == amd[1] && c == amd[2];
        asked = true;
    }
    return !is_amd || !(vcpu->efer & EFER_LMA);
}

/* Selectors count from IA32_SYSENTER_CS, whatever the GDT has there. */
static void load_sysenter_selectors(struct vcpu *vcpu, unsigned offset, unsigned level)
{
    vcpu->selectors[SEGMENT_CS] = (uint16_t)(((vcpu->sysenter_cs & 0xfffc) + offset) | level);
    vcpu->selectors[SEGMENT_SS] = (uint16_t)(((vcpu->sysenter_cs & 0xfffc) + offset + 8) | level);
}

struct outcome enter_by_sysenter(struct vcpu *vcpu)
{
    bool wide = vcpu->efer & EFER_LMA;

    if (!(vcpu->sysenter_cs & 0xfffc))
        return outcome_fault(EXCEPTION_PROTECTION, 0);
    vcpu->rip = wide ? vcpu->sysenter_rip : (uint32_t)vcpu->sysenter_rip;
    vcpu->gpr[GPR_RSP] = wide ? vcpu->sysenter_rsp : (uint32_t)vcpu->sysenter_rsp;
    vcpu->rflags &= ~(uint64_t)(RFLAGS_IF | RFLAGS_VM);
    load_sysenter_selectors(vcpu, 0, 0);
    vcpu->user = false;
    vcpu->bits = wide ? 64 : 32;
    return outcome_jumped;
}

struct outcome instruction_sysenter(struct vcpu *vcpu)
{
    return has_sysenter(vcpu) ? enter_by_sysenter(vcpu) : outcome_undefined();
}

struct outcome instruction_sysexit(struct vcpu *vcpu, const struct wedge_site *site)
{
    bool wide = site->width == 8;

    if (!has_sysenter(vcpu))
        return outcome_undefined();
    if (vcpu->user || !(vcpu->sysenter_cs & 0xfffc) ||
        (wide &&
         (!address_canonical(vcpu->gpr[GPR_RDX]) || !address_canonical(vcpu->gpr[GPR_RCX]))))
        return outcome_fault(EXCEPTION_PROTECTION, 0);
    vcpu->rip = wide ? vcpu->gpr[GPR_RDX] : (uint32_t)vcpu->gpr[GPR_RDX];
    vcpu->gpr[GPR_RSP] = wide ? vcpu->gpr[GPR_RCX] : (uint32_t)vcpu->gpr[GPR_RCX];
    load_sysenter_selectors(vcpu, wide ? 32 : 16, 3);
    vcpu->user = true;
    vcpu->bits = wide ? 64 : 32;
    return outcome_jumped;
}

static struct outcome far_go(struct vcpu *vcpu, uint16_t selector, uint64_t target)
{
    bool user = vcpu->user;
    uint64_t error;
    int exception;

    if (!address_canonical(target))
        return outcome_fault(EXCEPTION_PROTECTION, 0);
    if ((selector & 3) != (user ? 3 : 0))
        return outcome_fault(EXCEPTION_PROTECTION, selector & 0xfffcu);
    exception = segment_load_code(vcpu, selector, &error);
    if (exception != EXCEPTION_NONE)
        return outcome_fault(exception, error);
    vcpu->rip = target;
    return outcome_jumped;
}

struct outcome instruction_far_ret(struct vcpu *vcpu, const struct wedge_site *site)
{
    struct outcome outcome = outcome_done;
    uint64_t words[2], selector;

    if (!stack_peek(vcpu, 0, 2, site->width, words, &outcome))
        return outcome;
    selector = words[1];
    if ((selector & 3) == 3 && !vcpu->user)
        wedge_stop("a far return to user mode, which is not supported");
    outcome = far_go(vcpu, (uint16_t)selector, words[0]);
    if (outcome.exception == EXCEPTION_NONE)
        stack_drop(vcpu,
                   2ul * site->width + (site->flags & AFTERBURN_IMMEDIATE ? site->immediate : 0));
    return outcome;
}

/* Direct ones have selector and offset in the record, indirect ones in memory, the offset first. */
static struct outcome far_target(struct vcpu *vcpu, const struct wedge_site *site,
                                 uint16_t *selector, uint64_t *target)
{
    struct outcome outcome = outcome_done;
    unsigned width = site->width < 4 ? 2 : site->width < 8 ? 4 : 8;

    if (site->flags & AFTERBURN_FAR_POINTER) {
        *selector = site->immediate;
        *target = (uint32_t)site->displacement;
        return outcome_done;
    }
    operand_read_far(vcpu, site, width, target, selector, &outcome);
    return outcome;
}

struct outcome instruction_far_jump(struct vcpu *vcpu, const struct wedge_site *site, bool call)
{
    uint64_t target = 0, behind = vcpu->rip + site->span, stack = vcpu->gpr[GPR_RSP];
    uint16_t selector = 0, old = vcpu->selectors[SEGMENT_CS];
    unsigned width = site->flags & AFTERBURN_FAR_POINTER ? site->width : site->width >= 10 ? 8 : 4;
    struct outcome outcome = far_target(vcpu, site, &selector, &target);

    if (outcome.exception != EXCEPTION_NONE)
        return outcome;
    if (call) {
        outcome = stack_push(vcpu, old, width);
        if (outcome.exception == EXCEPTION_NONE)
            outcome = stack_push(vcpu, behind, width);
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

struct outcome instruction_int(struct vcpu *vcpu, const struct wedge_site *site)
{
    unsigned vector = site->kind == SENSITIVE_int1   ? EXCEPTION_DEBUG
                      : site->kind == SENSITIVE_into ? EXCEPTION_OVERFLOW
                                                     : site->immediate;

    if (site->kind == SENSITIVE_into && !(vcpu->rflags & RFLAGS_OF))
        return outcome_done;
    software_interrupt_deliver(vcpu, vector, site->span);
    return (struct outcome){.exception = EXCEPTION_NONE, .jumped = true, .delivered = true};
}
