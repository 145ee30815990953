/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: kernels map themselves with large pages and split them; the place may have no large ones at
 * all. Expected: a page of 2 MB is there whole, read-only, NX or for user mode as its entry says;
 * split into 512 small ones it holds the same, each can change by itself, and joined again it is
 * one; a table page inside of a large page that is mapped writable can be written through it. */
#include "guest.h"

#define PLACE 0x10000000ul
#define LAST  (LARGE_PAGE_SIZE - 8)

USER_CODE(user_write, "movq %rax, (%rdi); ud2");
USER_CODE(user_jump, "jmp *%rdi");

static void try(const char *name, uint64_t address)
{
    struct frame frame;

    TRY("lock; addq $0, (%0)", ::"r"(address) : "memory", "cc");
    print("%s, ", name);
    outcome("write");
    user_prepare(&frame, user_write);
    frame.rdi = address;
    user_run(&frame);
    print("%s, ", name);
    user_outcome("by user mode", &frame, user_write);
    user_prepare(&frame, user_jump);
    frame.rdi = address;
    user_run(&frame);
    print("%s, ", name);
    user_outcome("jump there", &frame, (void *)address);
}

void test(void)
{
    uint64_t large = large_page_new(), table, old, other = page_new();
    volatile uint64_t *entry, *small;

    for (unsigned i = 0; i < 512; i++)
        *(uint64_t *)at(large + i * PAGE_SIZE) = 0xb0f00 + i;
    *(uint16_t *)at(large + 0x800) = 0x0b0f;
    map(PLACE, 0, 0);
    entry = entry_in(kernel_root, PLACE, 2);
    old = *entry;
    *entry = large | PTE_P | PTE_W | PTE_PS;
    invlpg(PLACE);
    show("first", *(volatile uint64_t *)PLACE);
    show("last page", *(volatile uint64_t *)(PLACE + 511 * PAGE_SIZE));
    *(volatile uint64_t *)(PLACE + LAST) = 0x1234;
    show("written to the end", *(uint64_t *)at(large + LAST));
    try("kernel, writable", PLACE + 0x800);
    *entry = large | PTE_P | PTE_U | PTE_PS;
    invlpg(PLACE + 0x5000);
    cr3_write(cr3_read());
    try("user, read-only", PLACE + 0x800);
    *entry = large | PTE_P | PTE_W | PTE_U | PTE_PS | PTE_NX;
    cr3_write(cr3_read());
    try("user, writable, NX", PLACE + 0x800);

    table = page_new();
    small = at(table);
    for (unsigned i = 0; i < 512; i++)
        small[i] = (large + i * PAGE_SIZE) | PTE_P | PTE_W;
    *entry = table | PTE_P | PTE_W | PTE_U;
    cr3_write(cr3_read());
    show("split: first", *(volatile uint64_t *)PLACE);
    show("split: page 300", *(volatile uint64_t *)(PLACE + 300 * PAGE_SIZE));
    show("split: the end", *(volatile uint64_t *)(PLACE + LAST));
    small[300] = other | PTE_P | PTE_W;
    small[301] = 0;
    small[302] &= ~PTE_W;
    for (unsigned i = 300; i < 303; i++)
        invlpg(PLACE + i * PAGE_SIZE);
    show("one of them is another", *(volatile uint64_t *)(PLACE + 300 * PAGE_SIZE));
    TRY("movq (%0), %%rax", ::"r"(PLACE + 301 * PAGE_SIZE) : "rax");
    outcome("one is none");
    TRY("movq %%rax, (%0)", ::"r"(PLACE + 302 * PAGE_SIZE) : "memory");
    outcome("one is read-only");
    show("its neighbour", *(volatile uint64_t *)(PLACE + 303 * PAGE_SIZE));
    *entry = large | PTE_P | PTE_W | PTE_PS;
    cr3_write(cr3_read());
    show("joined: page 300", *(volatile uint64_t *)(PLACE + 300 * PAGE_SIZE));
    show("joined: page 301", *(volatile uint64_t *)(PLACE + 301 * PAGE_SIZE));

    /* The table, through a large page. */
    *(volatile uint64_t *)entry_in(kernel_root, PLACE + LARGE_PAGE_SIZE, 2) =
        (table & ~(LARGE_PAGE_SIZE - 1ul)) | PTE_P | PTE_W | PTE_PS;
    *entry = table | PTE_P | PTE_W | PTE_U;
    cr3_write(cr3_read());
    small = (uint64_t *)(PLACE + LARGE_PAGE_SIZE + (table & (LARGE_PAGE_SIZE - 1)));
    small[301] = other | PTE_P | PTE_W;
    *(uint64_t *)at(other) = 0x5678;
    show("written through a large page", *(volatile uint64_t *)(PLACE + 301 * PAGE_SIZE));
    *entry = old;
    cr3_write(cr3_read());
}
