/* SPDX-License-Identifier: BSD-2-Clause */
/* Control registers (AMD64 manual 2, 3.1). */
#include "wedge/memory.h"
#include "wedge/print.h"
#include "wedge/vcpu.h"

#define CR4_TLB                                                                                    \
    (0x10ul | CR4_PAE | CR4_PGE) /* PSE, PAE, PGE: a change forgets all translations               \
                                  */

uint64_t control_read(const struct vcpu *vcpu, unsigned number)
{
    switch (number) {
    case 0:
        return vcpu->cr0;
    case 2:
        return vcpu->cr2;
    case 3:
        return vcpu->cr3;
    case 4:
        return vcpu->cr4;
    default:
        return vcpu->cr8;
    }
}

static bool write_cr0(struct vcpu *vcpu, uint64_t value)
{
    uint64_t old = vcpu->cr0;

    if (value >> 32 || (value & CR0_PG && !(value & CR0_PE)) ||
        (value & CR0_NW && !(value & CR0_CD)))
        return false;
    if (value & CR0_PG && !(old & CR0_PG)) {
        if (vcpu->efer & EFER_LME && !(vcpu->cr4 & CR4_PAE))
            return false;
        if (!(vcpu->efer & EFER_LME))
            wedge_stop("the guest turns paging on outside long mode, which is not supported");
        vcpu->efer |= EFER_LMA;
    } else if (!(value & CR0_PG) && old & CR0_PG) {
        if (vcpu->bits == 64)
            return false;
        vcpu->efer &= ~(uint64_t)EFER_LMA;
    }
    vcpu->cr0 = value | CR0_ET;
    if ((old ^ vcpu->cr0) & (CR0_PG | CR0_WP))
        shadow_load(vcpu);
    return true;
}

static bool write_cr4(struct vcpu *vcpu, uint64_t value)
{
    uint64_t old = vcpu->cr4;

    if (value >> 32 || (vcpu->efer & EFER_LMA && !(value & CR4_PAE)) ||
        (value & CR4_OSXSAVE && !extended_states()))
        return false;
    vcpu->cr4 = value;
    if ((old ^ value) & CR4_OSXSAVE)
        extended_state_follow(vcpu);
    if ((old ^ value) & CR4_TSD)
        backend->time_stamps_allow(!(value & CR4_TSD));
    if ((old ^ value) & CR4_TLB && vcpu->cr0 & CR0_PG)
        shadow_load(vcpu);
    return true;
}

bool control_write(struct vcpu *vcpu, unsigned number, uint64_t value)
{
    switch (number) {
    case 0:
        return write_cr0(vcpu, value);
    case 2:
        vcpu->cr2 = value;
        return true;
    case 3:
        if (value >> 52)
            return false;
        vcpu->cr3 = value;
        if (vcpu->cr0 & CR0_PG)
            shadow_load(vcpu);
        return true;
    case 4:
        return write_cr4(vcpu, value);
    case 8:
        if (value >> 4)
            return false;
        vcpu->cr8 = value;
        return true;
    default:
        return false;
    }
}
