/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: what a place has for its own tables is limited, and a kernel's own half may not be missing.
 * Expected: nothing on bare hardware; on Xen, with as little memory for shadow tables as there can
 * be, the run ends with 121, and the report says what to give the wedge. */
#include "guest.h"

void test(void)
{
    uint64_t page = page_new();

    print("600 tables of the kernel's\n");
    for (uint64_t i = 0; i < 600; i++)
        map(0xffffa00000000000 + i * LARGE_PAGE_SIZE, page, PTE_P | PTE_W);
}
