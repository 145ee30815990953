/* SPDX-License-Identifier: BSD-2-Clause */
/* What user mode does that the guest's kernel decides about, and the place does not know: software
 * interrupts, and with IOPL or the TSS's bitmap ports and the interrupt flag. */
#include "afterburn/record.h"
#include "afterburn/sensitive.h"
#include "wedge/decode.h"
#include "wedge/instructions.h"
#include "wedge/memory.h"
#include "wedge/vcpu.h"

/* A gate's privilege level (AMD64 manual 2, 4.8.4). */
static bool user_may_use(struct vcpu *vcpu, unsigned vector)
{
    uint64_t gate, where;

    return vector * 16u + 15 <= vcpu->idt.limit &&
           guest_read(vcpu, vcpu->idt.base + vector * 16ul, &gate, sizeof(gate), 0, &where) == 0 &&
           (gate >> 45 & 3) == 3;
}

/* INT n of user mode, where the place has no gate for it: the guest's may be for user mode. The
 * instruction says which, since there are emulators whose error code is wrong. */
static void user_interrupt(struct vcpu *vcpu)
{
    uint8_t bytes[2];
    uint64_t where;

    if (guest_read(vcpu, vcpu->rip, bytes, sizeof(bytes), ACCESS_USER | ACCESS_FETCH, &where) ||
        bytes[0] != 0xcd) {
        exception_deliver(vcpu, EXCEPTION_PROTECTION, true, vcpu->error);
    } else if (user_may_use(vcpu, bytes[1])) {
        software_interrupt_deliver(vcpu, bytes[1], 2);
    } else {
        exception_deliver(vcpu, EXCEPTION_PROTECTION, true, bytes[1] * 8u + 2);
    }
}

void user_trap(struct vcpu *vcpu, unsigned vector)
{
    uint8_t bytes[2] = {0, 0};
    uint64_t where;
    unsigned length;

    guest_read(vcpu, vcpu->rip - 2, bytes, sizeof(bytes), ACCESS_USER, &where);
    length = bytes[0] == 0xcd && bytes[1] == vector ? 2 : vector < 32 ? 1 : 2;
    vcpu->rip -= length;
    if (user_may_use(vcpu, vector))
        software_interrupt_deliver(vcpu, vector, length);
    else
        exception_deliver(vcpu, EXCEPTION_PROTECTION, true, vector * 8u + 2);
}

/* The TSS's bitmap has a bit for each port, set where user mode may not use it; it is read two
 * bytes at a time (AMD64 manual 2, 12.2.4). */
#define TSS_IO_MAP 102

static bool may_use_ports(struct vcpu *vcpu, uint16_t port, unsigned width)
{
    uint64_t place, where;
    uint16_t map, bits;

    if ((vcpu->rflags & RFLAGS_IOPL) == RFLAGS_IOPL)
        return true;
    if (TSS_IO_MAP + 1u > vcpu->task.limit ||
        guest_read(vcpu, vcpu->task.base + TSS_IO_MAP, &map, sizeof(map), 0, &where))
        return false;
    place = map + port / 8u;
    return place + 1 <= vcpu->task.limit &&
           guest_read(vcpu, vcpu->task.base + place, &bits, sizeof(bits), 0, &where) == 0 &&
           !(bits >> port % 8 & ((1u << width) - 1));
}

static bool may_execute(struct vcpu *vcpu, const struct wedge_site *site)
{
    switch (site->kind) {
    case SENSITIVE_cli:
    case SENSITIVE_sti:
        return (vcpu->rflags & RFLAGS_IOPL) == RFLAGS_IOPL;
    case SENSITIVE_in:
    case SENSITIVE_out:
    case SENSITIVE_ins:
    case SENSITIVE_outs:
        return may_use_ports(vcpu,
                             site->flags & AFTERBURN_IMMEDIATE ? site->immediate
                                                               : (uint16_t)vcpu->gpr[GPR_RDX],
                             site->width);
    default:
        return false;
    }
}

/* Instructions of a feature that CPUID hides, and that the processor has turned on for whoever is
 * below (EFER.SVME): to user mode there are none (AMD64 manual 3, VMRUN and the like). */
static bool is_absent(const struct wedge_site *site)
{
    switch (site->kind) {
    case SENSITIVE_vmrun:
    case SENSITIVE_vmload:
    case SENSITIVE_vmsave:
    case SENSITIVE_stgi:
    case SENSITIVE_clgi:
    case SENSITIVE_skinit:
    case SENSITIVE_invlpga:
        return true;
    default:
        return false;
    }
}

void user_protection(struct vcpu *vcpu)
{
    uint8_t bytes[INSTRUCTION_MAX];
    struct outcome outcome;
    struct wedge_site site;

    if (vcpu->error & 2) {
        user_interrupt(vcpu);
    } else if (vcpu->error ||
               !decode_sensitive(bytes, guest_fetch(vcpu, bytes), vcpu->bits, &site)) {
        exception_deliver(vcpu, EXCEPTION_PROTECTION, true, vcpu->error);
    } else if (site.kind == SENSITIVE_sysenter) {
        /* The processor knows it, and the place has set nothing up for it. */
        outcome = enter_by_sysenter(vcpu);
        outcome_deliver(vcpu, &outcome);
    } else if (is_absent(&site)) {
        exception_deliver(vcpu, EXCEPTION_INVALID_OPCODE, false, 0);
    } else if (may_execute(vcpu, &site)) {
        emulate_site(vcpu, &site);
    } else {
        exception_deliver(vcpu, EXCEPTION_PROTECTION, true, vcpu->error);
    }
}
