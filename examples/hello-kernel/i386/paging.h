/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 10.1 The shape of the page tables: two levels of 1024 entries; 10 bits of an address choose the
 * entry at each. A large page ends the walk one level early and has 4 MiB. Entries of 4 bytes
 * have no room for a bit that forbids execution: only the eight-byte entries of PAE do.
 */
#ifndef HELLO_PAGING_H
#define HELLO_PAGING_H

#include "cpu.h"

#define TOP_LEVEL  2
#define LEVEL_BITS 10

#define PTE_NX      0ul
#define PTE_ADDRESS 0xfffff000ul

/* Is the mode on that boot.S has chosen? */
static inline bool paging_mode_is_on(void)
{
    return (read_cr4() & (CR4_PSE | CR4_PAE)) == CR4_PSE;
}

/* What our tables want beyond that mode is PTE_GLOBAL; false if the processor has no such thing. */
static inline bool paging_features(void)
{
    return cpuid_edx(CPUID_BASIC) & CPUID_EDX_PGE;
}

#endif
