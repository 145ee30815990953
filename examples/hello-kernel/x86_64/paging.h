/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 10.1 The shape of the page tables: four levels of 512 entries; 9 bits of an address choose the
 * entry at each. A large page ends the walk one level early and has 2 MiB.
 */
#ifndef HELLO_PAGING_H
#define HELLO_PAGING_H

#include "cpu.h"

#define TOP_LEVEL  4
#define LEVEL_BITS 9

#define PTE_NX      0x8000000000000000ul
#define PTE_ADDRESS 0x000ffffffffff000ul

/* Is the mode on that boot.S has chosen? */
static inline bool paging_mode_is_on(void)
{
    return read_cr4() & CR4_PAE && read_msr(MSR_EFER) & EFER_LME;
}

/* Turns on what our tables want beyond that mode, PTE_NX; false if the processor has no such thing.
 */
static inline bool paging_features(void)
{
    if (!(cpuid_edx(CPUID_EXTENDED) & CPUID_EDX_NX))
        return false;
    write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_NXE);
    return true;
}

#endif
