/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: bits that are reserved in an entry raise a page fault that says so: kernels mark entries
 * that way (Linux's L1TF work-around inverts addresses), and debug their tables by it. Expected:
 * #PF with error code bit 3 (and bit 0, which QEMU's TCG leaves out), for address bits beyond what
 * the processor has, for NX without EFER.NXE, for bits that a large page must have clear. */
#include "guest.h"

static void one(const char *name)
{
    TRY("movq (%0), %%rax", ::"r"(WINDOW) : "rax", "memory");
    fault.frame.error &= ~1ul; /* present: it is, but TCG does not say so */
    outcome(name);
}

void test(void)
{
    uint64_t page = page_new(), *table;

    map(WINDOW, page, PTE_P | PTE_W);
    one("good");
    map(WINDOW, page | 1ul << 51, PTE_P | PTE_W);
    invlpg(WINDOW);
    one("bit 51 of the address");
    map(WINDOW, page | PTE_NX, PTE_P | PTE_W);
    msr_write(MSR_EFER, msr_read(MSR_EFER) & ~0x800ul);
    invlpg(WINDOW);
    one("NX without EFER.NXE");
    msr_write(MSR_EFER, msr_read(MSR_EFER) | 0x800ul);
    invlpg(WINDOW);
    one("NX with it");
    table = entry_in(kernel_root, WINDOW, 2);
    *(volatile uint64_t *)table = large_page_new() | 0x2000 | PTE_P | PTE_W | PTE_PS;
    invlpg(WINDOW);
    one("bit 13 of a large page");
    *(volatile uint64_t *)table &= ~0x2000ul;
    invlpg(WINDOW);
    one("without it");
}
