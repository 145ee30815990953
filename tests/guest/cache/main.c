/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: wbinvd, wbnoinvd and invd change nothing that can be seen here, and must not.
 * Expected: memory, registers and flags are as before; clflush and the like do not fault. */
#include "guest.h"

void test(void)
{
    static uint64_t memory[8];
    uint64_t flags;

    memory[3] = 0x1234;
    asm volatile("stc; wbinvd; pushfq; popq %0" : "=r"(flags)::"memory", "cc");
    show("wbinvd leaves CF", flags & FLAG_CF);
    show("and memory", memory[3]);
    TRY("wbnoinvd", ::: "memory");
    outcome("wbnoinvd");
    TRY("clflush (%0)", ::"r"(memory) : "memory");
    outcome("clflush");
    asm volatile("wbinvd" ::: "memory");
    TRY("invd", ::: "memory");
    outcome("invd");
    show("memory", memory[3]);
    TRY("invlpg (%0)", ::"r"(0x800000000000) : "memory");
    outcome("invlpg of an address that is not canonical");
    TRY("invlpg (%0)", ::"r"(WINDOW) : "memory");
    outcome("invlpg of no page");
}
