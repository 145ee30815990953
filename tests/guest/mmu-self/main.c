/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: kernels (Windows, BSDs, many small ones) have an entry of the highest table lead to that
 * table itself, and find all tables there: every table is then a table of each level, and data.
 * Expected: the tables of each level are where the recursion says, read and written; what is
 * written there holds. */
#include "guest.h"

#define SLOT  400ul
#define BASE  (0xffff000000000000 | SLOT << 39)
#define PLACE 0x10000000ul

/* The entry of a level for an address. */
static volatile uint64_t *entry_by(uint64_t address, int level)
{
    uint64_t table = BASE;

    for (int i = 1; i < level; i++)
        table |= SLOT << (39 - 9 * i);
    return (uint64_t *)(table + ((address & 0xffffffffffff) >> (12 + 9 * (level - 1))) * 8);
}

void test(void)
{
    uint64_t a = page_new(), b = page_new();

    *(uint64_t *)at(a) = 0xaaaa;
    *(uint64_t *)at(b) = 0xbbbb;
    map(PLACE, a, PTE_P | PTE_W);
    ((volatile uint64_t *)at(kernel_root))[SLOT] = kernel_root | PTE_P | PTE_W;
    cr3_write(kernel_root);
    for (int level = 1; level <= 4; level++)
        print("level %d: %s\n", level,
              (*entry_by(PLACE, level) & PTE_ADDRESS) ==
                      (*entry_in(kernel_root, PLACE, level) & PTE_ADDRESS)
                  ? "there"
                  : "WRONG");
    *entry_by(PLACE + PAGE_SIZE, 1) = b | PTE_P | PTE_W;
    show("a page by it", *(volatile uint64_t *)(PLACE + PAGE_SIZE));
    *entry_by(PLACE, 1) = b | PTE_P | PTE_W;
    invlpg(PLACE);
    show("another page by it", *(volatile uint64_t *)PLACE);
    *entry_by(PLACE + LARGE_PAGE_SIZE, 2) = page_new() | PTE_P | PTE_W;
    invlpg((uint64_t)entry_by(PLACE + LARGE_PAGE_SIZE, 1));
    *entry_by(PLACE + LARGE_PAGE_SIZE, 1) = a | PTE_P | PTE_W;
    show("a table by it", *(volatile uint64_t *)(PLACE + LARGE_PAGE_SIZE));
    *entry_by(PLACE, 1) = 0;
    invlpg(PLACE);
    TRY("movq (%0), %%rax", ::"r"(PLACE) : "rax");
    outcome("taken away by it");
    ((volatile uint64_t *)at(kernel_root))[SLOT] = 0;
    cr3_write(kernel_root);
    TRY("movq (%0), %%rax", ::"r"(BASE) : "rax");
    outcome("without it");
}
