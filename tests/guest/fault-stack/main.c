/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: a kernel stack that overflows into an unmapped page, in a kernel whose double fault has no
 * stack of its own. Expected: bare hardware resets (a triple fault); Xen ends the domain, since it
 * cannot push its frame either. Both times the run ends with 120. */
#include "guest.h"

static unsigned deeper(unsigned depth)
{
    volatile char space[256];

    space[0] = (char)depth;
    return depth ? deeper(depth + 1) + (unsigned)space[0] : 0;
}

static void overflow(void)
{
    deeper(1);
}

void test(void)
{
    map(WINDOW + PAGE_SIZE, page_new(), PTE_P | PTE_W);
    print("overflows its stack\n");
    asm volatile("movq %0, %%rsp\n\tcall *%1" ::"r"(WINDOW + 2 * PAGE_SIZE), "r"(overflow)
                 : "memory");
}
