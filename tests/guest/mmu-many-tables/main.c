/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: sparse address spaces have more tables than pages; what a place has for its own tables is
 * limited and must be given back and taken again as needed. Expected: an address space with a page
 * in each of two thousand tables shows them all, more than once. */
#include "guest.h"

void test(void)
{
    uint64_t sparse, page;

    /* One page in each of 2000 tables. */
    sparse = root_new();
    cr3_write(sparse);
    page = page_new();
    *(uint64_t *)at(page) = 0x5555;
    for (uint64_t i = 0; i < 2000; i++) {
        *(volatile uint64_t *)entry_in(sparse, 0x100000000000 + i * 0x40000000, 1) =
            page | PTE_P | PTE_W;
        if (*(volatile uint64_t *)(0x100000000000 + i * 0x40000000) != 0x5555)
            give_up("sparse page %lu", i);
    }
    for (uint64_t i = 0; i < 2000; i++)
        if (*(volatile uint64_t *)(0x100000000000 + i * 0x40000000) != 0x5555)
            give_up("sparse page %lu, later", i);
    print("2000 tables\n");
    cr3_write(kernel_root);
}
