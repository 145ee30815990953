/* SPDX-License-Identifier: BSD-2-Clause */
/* The processor that the guest is shown: the real one without what we could not serve, or what
 * would bring un-annotated sensitive instructions to life. Bits: AMD64 manual 3, appendix E; Intel
 * manual 2, CPUID. */
#include "wedge/vcpu.h"

#define BIT(n) (1u << (n))

/* Leaf 1. */
#define ECX1_MONITOR    BIT(3)
#define ECX1_VMX        BIT(5)
#define ECX1_PCID       BIT(17)
#define ECX1_X2APIC     BIT(21)
#define ECX1_DEADLINE   BIT(24)
#define ECX1_XSAVE      BIT(26)
#define ECX1_OSXSAVE    BIT(27)
#define ECX1_AVX        (BIT(28) | BIT(12) | BIT(29)) /* AVX, FMA, F16C: need XSAVE */
#define ECX1_HYPERVISOR BIT(31)
#define EDX1_MCE        BIT(7)
#define EDX1_APIC       BIT(9)
#define EDX1_MTRR       BIT(12)
#define EDX1_MCA        BIT(14)
#define EDX1_DS         BIT(21)
#define EDX1_ACPI       BIT(22)

/* Leaf 7: FSGSBASE, SGX, SMEP, INVPCID, MPX, SMAP, and all that needs XSAVE. */
#define EBX7_HIDDEN                                                                                \
    (BIT(0) | BIT(2) | BIT(5) | BIT(7) | BIT(10) | BIT(14) | BIT(16) | BIT(17) | BIT(20) |         \
     BIT(21) | BIT(25) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31))
#define ECX7_SHOWN 0u     /* UMIP, PKU, 5 levels, CET, TSX and the like: nothing */
#define EDX7_SHOWN BIT(4) /* FSRM */

/* Leaf 0x80000001. */
#define ECX8_HIDDEN                                                                                \
    (BIT(2) | BIT(3) | BIT(10) | BIT(11) | BIT(12) | BIT(15) | BIT(16) | BIT(19) | BIT(29) |       \
     BIT(23) | BIT(24))
#define EDX8_HIDDEN (BIT(26) | BIT(27)) /* 1 GB pages, RDTSCP */

static void hide_leaf_1(uint64_t *ecx, uint64_t *edx)
{
    *ecx &= ~(uint64_t)(ECX1_MONITOR | ECX1_VMX | ECX1_PCID | ECX1_X2APIC | ECX1_DEADLINE |
                        ECX1_XSAVE | ECX1_OSXSAVE | ECX1_AVX | ECX1_HYPERVISOR);
    *edx &= ~(uint64_t)(EDX1_MCE | EDX1_APIC | EDX1_MTRR | EDX1_MCA | EDX1_DS | EDX1_ACPI);
}

void cpuid_emulate(struct vcpu *vcpu)
{
    uint32_t leaf = (uint32_t)vcpu->gpr[GPR_RAX], a = leaf, b, c = (uint32_t)vcpu->gpr[GPR_RCX], d;
    uint32_t sub = c;

    asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    vcpu->gpr[GPR_RAX] = a;
    vcpu->gpr[GPR_RBX] = b;
    vcpu->gpr[GPR_RCX] = c;
    vcpu->gpr[GPR_RDX] = d;
    switch (leaf) {
    case 0:
        if (a > 0xb)
            vcpu->gpr[GPR_RAX] = 0xb;
        break;
    case 1:
        hide_leaf_1(&vcpu->gpr[GPR_RCX], &vcpu->gpr[GPR_RDX]);
        break;
    case 7:
        vcpu->gpr[GPR_RAX] = 0;
        vcpu->gpr[GPR_RBX] = sub ? 0 : b & ~EBX7_HIDDEN;
        vcpu->gpr[GPR_RCX] = sub ? 0 : c & ECX7_SHOWN;
        vcpu->gpr[GPR_RDX] = sub ? 0 : d & EDX7_SHOWN;
        break;
    case 5:   /* MONITOR */
    case 6:   /* thermal and power */
    case 0xa: /* performance counters */
    case 0xb: /* x2APIC topology */
    case 0xd: /* XSAVE */
        vcpu->gpr[GPR_RAX] = vcpu->gpr[GPR_RBX] = vcpu->gpr[GPR_RCX] = vcpu->gpr[GPR_RDX] = 0;
        break;
    case 0x80000001:
        vcpu->gpr[GPR_RCX] = c & ~ECX8_HIDDEN;
        vcpu->gpr[GPR_RDX] = d & ~EDX8_HIDDEN;
        break;
    default:
        if (leaf >= 0x40000000 && leaf < 0x50000000)
            vcpu->gpr[GPR_RAX] = vcpu->gpr[GPR_RBX] = vcpu->gpr[GPR_RCX] = vcpu->gpr[GPR_RDX] = 0;
        break;
    }
}
