/* SPDX-License-Identifier: BSD-2-Clause */
/* Model specific registers: those of the processor that CPUID shows (AMD64 manual 2, appendix A).
 */
#include "wedge/memory.h"
#include "wedge/operands.h"
#include "wedge/print.h"
#include "wedge/time-stamp.h"
#include "wedge/vcpu.h"

#define MSR_TSC          0x10
#define MSR_APIC_BASE    0x1b
#define MSR_MTRR_CAP     0xfe
#define MSR_SYSENTER_CS  0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176
#define MSR_MISC_ENABLE  0x1a0
#define MSR_PAT          0x277
#define MSR_EFER         0xc0000080
#define MSR_STAR         0xc0000081
#define MSR_LSTAR        0xc0000082
#define MSR_CSTAR        0xc0000083
#define MSR_SFMASK       0xc0000084
#define MSR_FS_BASE      0xc0000100
#define MSR_GS_BASE      0xc0000101
#define MSR_KERNEL_GS    0xc0000102
#define MSR_TSC_AUX      0xc0000103

/* Of one make of processors, which kernels read without being told by CPUID: there, and all zero.
 */
#define MSR_MICROCODE   0x8b
#define MSR_HWCR        0xc0010015
#define MSR_INT_PENDING 0xc0010055
#define MSR_DECODE_CFG  0xc0011029

/* The plain ones: where each is kept. */
static uint64_t *plain(struct vcpu *vcpu, uint32_t number)
{
    switch (number) {
    case MSR_APIC_BASE:
        return &vcpu->apic_base;
    case MSR_SYSENTER_CS:
        return &vcpu->sysenter_cs;
    case MSR_SYSENTER_ESP:
        return &vcpu->sysenter_rsp;
    case MSR_SYSENTER_EIP:
        return &vcpu->sysenter_rip;
    case MSR_MISC_ENABLE:
        return &vcpu->misc_enable;
    case MSR_PAT:
        return &vcpu->pat;
    case MSR_STAR:
        return &vcpu->star;
    case MSR_LSTAR:
        return &vcpu->lstar;
    case MSR_CSTAR:
        return &vcpu->cstar;
    case MSR_SFMASK:
        return &vcpu->sfmask;
    case MSR_FS_BASE:
        return &vcpu->fs_base;
    case MSR_GS_BASE:
        return &vcpu->gs_base;
    case MSR_KERNEL_GS:
        return &vcpu->kernel_gs_base;
    case MSR_TSC_AUX:
        return &vcpu->tsc_aux;
    default:
        return NULL;
    }
}

static bool is_base(uint32_t number)
{
    return number == MSR_FS_BASE || number == MSR_GS_BASE || number == MSR_KERNEL_GS;
}

bool msr_read(struct vcpu *vcpu, uint32_t number, uint64_t *value)
{
    uint64_t *place = plain(vcpu, number);

    if (is_base(number))
        backend->bases_read(vcpu);
    if (place) {
        *value = *place;
        return true;
    }
    switch (number) {
    case MSR_EFER:
        *value = vcpu->efer;
        return true;
    case MSR_TSC:
        *value = time_stamp();
        return true;
    case MSR_MTRR_CAP:
    case MSR_MICROCODE:
    case MSR_HWCR:
    case MSR_INT_PENDING:
    case MSR_DECODE_CFG:
        *value = 0;
        return true;
    default:
        return false;
    }
}

static bool write_efer(struct vcpu *vcpu, uint64_t value)
{
    uint64_t changed = (vcpu->efer ^ value) & ~(uint64_t)EFER_LMA;

    if (value & ~(uint64_t)(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE))
        return false;
    if (changed & EFER_LME && vcpu->cr0 & CR0_PG)
        return false;
    vcpu->efer ^= changed;
    if (changed & EFER_NXE && vcpu->cr0 & CR0_PG)
        shadow_load(vcpu);
    return true;
}

bool msr_write(struct vcpu *vcpu, uint32_t number, uint64_t value)
{
    uint64_t *place = plain(vcpu, number);

    switch (number) {
    case MSR_EFER:
        return write_efer(vcpu, value);
    case MSR_LSTAR:
    case MSR_CSTAR:
    case MSR_FS_BASE:
    case MSR_GS_BASE:
    case MSR_KERNEL_GS:
    case MSR_SYSENTER_ESP:
    case MSR_SYSENTER_EIP:
        if (!address_canonical(value))
            return false;
        break;
    default:
        break;
    }
    if (number == MSR_MICROCODE || number == MSR_HWCR || number == MSR_DECODE_CFG)
        return true; /* nothing that the guest could see follows */
    if (!place)
        return false;
    if (is_base(number))
        backend->bases_forget();
    *place = value;
    return true;
}
