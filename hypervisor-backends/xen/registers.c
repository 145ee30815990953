/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of the processor that Xen changes for us. */
#include "xen.h"

static void debug_write(unsigned number, uint64_t value)
{
    XEN_HYPERCALL(XEN_SET_DEBUGREG, number, value, 0, 0);
}

/* Xen emulates these two moves. */
static uint64_t cr4_read(void)
{
    uint64_t value;

    asm volatile("movq %%cr4, %0" : "=r"(value));
    return value;
}

static void cr4_write(uint64_t value)
{
    asm volatile("movq %0, %%cr4" ::"r"(value));
}

static void time_stamps_allow(bool user)
{
    cr4_write(user ? cr4_read() & ~(uint64_t)CR4_TSD : cr4_read() | CR4_TSD);
}

/* Xen emulates XSETBV for who has said in CR4 that it knows it. */
static void extended_state_write(uint64_t xcr0)
{
    if (!xcr0) {
        cr4_write(cr4_read() & ~(uint64_t)CR4_OSXSAVE);
        return;
    }
    cr4_write(cr4_read() | CR4_OSXSAVE);
    asm volatile("xsetbv" ::"c"(0), "a"((uint32_t)xcr0), "d"((uint32_t)(xcr0 >> 32)));
}

/* CPUID as Xen has it for this domain: behind this prefix Xen carries it out
 * (public/arch-x86/xen.h, XEN_EMULATE_PREFIX). */
static void xen_cpuid(uint32_t leaf, uint32_t out[4])
{
    asm volatile("ud2\n.ascii \"xen\"\ncpuid"
                 : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                 : "a"(leaf), "c"(0));
}

#define LEAF_STATES 0xdu
#define ECX_XSAVE   (1u << 26)

void xen_registers_init(void)
{
    uint32_t highest[4], features[4], states[4];

    xen_cpuid(0, highest);
    xen_cpuid(1, features);
    if (highest[0] >= LEAF_STATES && features[2] & ECX_XSAVE) {
        xen_cpuid(LEAF_STATES, states);
        backend->extended_states = (uint64_t)states[3] << 32 | states[0];
    }
    backend->debug_write = debug_write;
    backend->time_stamps_allow = time_stamps_allow;
    backend->extended_state_write = extended_state_write;
}
