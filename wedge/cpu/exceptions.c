/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions and interrupts through the guest's IDT, in long mode (AMD64 manual 2, 8.9). */
#include "wedge/memory.h"
#include "wedge/operands.h"
#include "wedge/print.h"
#include "wedge/vcpu.h"

#define GATE_PRESENT   (1ul << 47)
#define GATE_TYPE      (0x1ful << 40)
#define GATE_INTERRUPT (0xeul << 40)
#define GATE_TRAP      (0xful << 40)

#define TSS_RSP0 4
#define TSS_IST1 36

struct gate {
    uint64_t low, high;
};

struct delivery {
    unsigned vector;
    bool has_error;
    uint64_t error;
};

/* Where the handler's stack begins; false when the TSS cannot be read. */
static bool find_stack(struct vcpu *vcpu, unsigned ist, uint64_t *stack)
{
    uint64_t offset = ist ? TSS_IST1 + 8ul * (ist - 1) : TSS_RSP0, fault;

    if (!ist && !vcpu->user) {
        *stack = vcpu->gpr[GPR_RSP];
        return true;
    }
    return offset + 7 <= vcpu->task.limit &&
           guest_read(vcpu, vcpu->task.base + offset, stack, 8, 0, &fault) == 0;
}

/* Gives EXCEPTION_NONE, or what went wrong on the way. */
static int try_delivery(struct vcpu *vcpu, const struct delivery *delivery, uint64_t *error)
{
    uint64_t stack, target, fault, frame[6];
    uint64_t old_rsp = vcpu->gpr[GPR_RSP];
    uint16_t old_cs = vcpu->selectors[SEGMENT_CS], selector;
    uint32_t code;
    struct gate gate;
    bool user = vcpu->user;
    int exception;

    *error = delivery->vector * 8ul + 2;
    if (!(vcpu->efer & EFER_LMA) && delivery->vector * 8ul + 7 <= vcpu->idt.limit)
        wedge_stop("exception %u before long mode, whose gates are not supported",
                   delivery->vector);
    if (delivery->vector * 16ul + 15 > vcpu->idt.limit)
        return EXCEPTION_PROTECTION;
    code =
        guest_read(vcpu, vcpu->idt.base + delivery->vector * 16ul, &gate, sizeof(gate), 0, &fault);
    if (code) {
        vcpu->cr2 = fault;
        *error = code & 0xffff;
        return EXCEPTION_PAGE_FAULT;
    }
    if ((gate.low & GATE_TYPE) != GATE_INTERRUPT && (gate.low & GATE_TYPE) != GATE_TRAP)
        return EXCEPTION_PROTECTION;
    if (!(gate.low & GATE_PRESENT))
        return EXCEPTION_NOT_PRESENT;
    if (!find_stack(vcpu, gate.low >> 32 & 7, &stack)) {
        *error = vcpu->task.selector & 0xfffcu;
        return EXCEPTION_INVALID_TSS;
    }
    target = (gate.low & 0xffff) | (gate.low >> 32 & 0xffff0000) | gate.high << 32;
    selector = gate.low >> 16 & 0xffff;
    if (!address_canonical(target)) {
        *error = 0;
        return EXCEPTION_PROTECTION;
    }

    stack = (stack & ~15ul) - (delivery->has_error ? 48 : 40);
    frame[0] = delivery->error;
    frame[1] = vcpu->rip;
    frame[2] = old_cs;
    frame[3] = vcpu->rflags;
    frame[4] = old_rsp;
    frame[5] = vcpu->selectors[SEGMENT_SS];
    code = guest_write(vcpu, stack, delivery->has_error ? frame : frame + 1,
                       delivery->has_error ? 48 : 40, 0, &fault);
    if (code && !address_canonical(fault)) {
        *error = 0;
        return EXCEPTION_STACK;
    }
    if (code) {
        vcpu->cr2 = fault;
        *error = code & 0xffff;
        return EXCEPTION_PAGE_FAULT;
    }
    exception = segment_load_code(vcpu, selector & 0xfffcu, error);
    if (exception != EXCEPTION_NONE)
        return exception;
    if (user)
        vcpu->selectors[SEGMENT_SS] = 0;
    vcpu->gpr[GPR_RSP] = stack;
    vcpu->rip = target;
    vcpu->rflags &= ~(uint64_t)(RFLAGS_TF | RFLAGS_NT | RFLAGS_RF);
    if ((gate.low & GATE_TYPE) == GATE_INTERRUPT)
        vcpu->rflags &= ~(uint64_t)RFLAGS_IF;
    return EXCEPTION_NONE;
}

static bool is_contributory(unsigned vector)
{
    return vector == EXCEPTION_DIVIDE ||
           (vector >= EXCEPTION_INVALID_TSS && vector <= EXCEPTION_PROTECTION);
}

/* Of two that meet (AMD64 manual 2, table 8-3); else the second is delivered. */
static bool makes_double_fault(unsigned vector, unsigned second)
{
    return is_contributory(second)
               ? is_contributory(vector) || vector == EXCEPTION_PAGE_FAULT
               : vector == EXCEPTION_PAGE_FAULT && second == EXCEPTION_PAGE_FAULT;
}

/* `first` is the one that the others met on the way. */
static void deliver(struct vcpu *vcpu, const struct delivery *delivery,
                    const struct delivery *first)
{
    struct delivery next = {.vector = EXCEPTION_DOUBLE_FAULT, .has_error = true};
    unsigned vector = delivery->vector;
    uint64_t error;
    int second = try_delivery(vcpu, delivery, &error);

    vcpu->halted = false;
    vcpu->shadow = false;
    if (second == EXCEPTION_NONE)
        return;
    if (vector == EXCEPTION_DOUBLE_FAULT)
        wedge_guest_crashed(
            "triple fault: exception %u (error code %lx) has no handler that can be "
            "called, nor has the double fault, for exception %d",
            first->vector, first->error, second);
    if (!makes_double_fault(vector, (unsigned)second))
        next = (struct delivery){.vector = (unsigned)second, .has_error = true, .error = error};
    deliver(vcpu, &next, first);
}

void exception_deliver(struct vcpu *vcpu, unsigned vector, bool has_error, uint64_t error)
{
    struct delivery delivery = {.vector = vector, .has_error = has_error, .error = error};

    deliver(vcpu, &delivery, &delivery);
}

void debug_step_deliver(struct vcpu *vcpu)
{
    vcpu->dr[6] |= DR6_STEP;
    exception_deliver(vcpu, EXCEPTION_DEBUG, false, 0);
}

void software_interrupt_deliver(struct vcpu *vcpu, unsigned vector, unsigned length)
{
    struct delivery delivery = {.vector = vector};
    uint64_t error;
    int second;

    vcpu->rip += length;
    second = try_delivery(vcpu, &delivery, &error);
    vcpu->halted = false;
    vcpu->shadow = false;
    if (second == EXCEPTION_NONE)
        return;
    vcpu->rip -= length;
    exception_deliver(vcpu, (unsigned)second, true, error);
}

void interrupt_deliver(struct vcpu *vcpu, unsigned vector)
{
    exception_deliver(vcpu, vector, false, 0);
}
