/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: kernels decide by the accessed and dirty bits what to write back and what to throw away; a
 * bit that the processor never sets loses data. Expected: a read sets A and not D, a write A and D,
 * in the entry of the page; tables above get A; bits that were cleared come again after a flush;
 * nothing sets them in entries that nobody uses. All pages here are user mode's, too: what only the
 * kernel may use the wedge takes for used and written as soon as it is there, since a stack may not
 * be missing (wedge/mmu/shadow.c). */
#include "guest.h"

static void bits(const char *name)
{
    uint64_t entry = *(volatile uint64_t *)entry_in(kernel_root, WINDOW, 1);

    print("%s:%s%s\n", name, entry & PTE_A ? " accessed" : "", entry & PTE_D ? " dirty" : "");
}

USER_CODE(user_read, "movq (%rdi), %rax; ud2");
USER_CODE(user_write, "movq %rax, (%rdi); ud2");

void test(void)
{
    volatile uint64_t *page = (uint64_t *)WINDOW, *large;
    uint64_t frame = page_new();
    struct frame user;

    map(WINDOW, frame, PTE_P | PTE_W | PTE_U);
    bits("fresh");
    (void)*page;
    bits("read");
    *page = 1;
    bits("written");
    map(WINDOW, frame, PTE_P | PTE_W | PTE_U);
    invlpg(WINDOW);
    bits("cleared");
    *page = 1;
    bits("written at once");
    map(WINDOW, frame, PTE_P | PTE_U);
    invlpg(WINDOW);
    TRY("movq %%rax, (%0)", ::"r"(WINDOW) : "memory");
    check("a write that faults does not make it dirty",
          !(*(volatile uint64_t *)entry_in(kernel_root, WINDOW, 1) & PTE_D));
    map(0x10000000, frame, PTE_P | PTE_W | PTE_U);
    user_prepare(&user, user_read);
    user.rdi = 0x10000000;
    user_run(&user);
    show("user mode's read", *entry_in(kernel_root, 0x10000000, 1) & (PTE_A | PTE_D));
    user_prepare(&user, user_write);
    user.rdi = 0x10000000;
    user_run(&user);
    show("user mode's write", *entry_in(kernel_root, 0x10000000, 1) & (PTE_A | PTE_D));
    show("the tables above", *entry_in(kernel_root, WINDOW, 2) & *entry_in(kernel_root, WINDOW, 3) &
                                 *entry_in(kernel_root, WINDOW, 4) & PTE_A);
    large = entry_in(kernel_root, 0x20000000, 2);
    *large = large_page_new() | PTE_P | PTE_W | PTE_U | PTE_PS;
    (void)*(volatile uint64_t *)0x20000000;
    show("a large page, read", *large & (PTE_A | PTE_D));
    *(volatile uint64_t *)0x20001000 = 1;
    show("a large page, written", *large & (PTE_A | PTE_D));
}
