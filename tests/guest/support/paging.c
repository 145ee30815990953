/* SPDX-License-Identifier: BSD-2-Clause */
/* Page tables: those of boot.S without what is mapped low, and what the programs add. */
#include "guest.h"

uint64_t kernel_root;
static uint64_t next = POOL_PHYSICAL;

extern uint64_t boot_pdpt[512];
extern char user_start[], user_end[], user_image[];
void paging_init(void);

uint64_t page_new(void)
{
    uint64_t page = next;

    next += PAGE_SIZE;
    memset(at(page), 0, PAGE_SIZE);
    return page;
}

uint64_t large_page_new(void)
{
    uint64_t page = (next + LARGE_PAGE_SIZE - 1) & ~(LARGE_PAGE_SIZE - 1ul);

    next = page + LARGE_PAGE_SIZE;
    return page;
}

uint64_t *entry_in(uint64_t root, uint64_t address, int level)
{
    uint64_t table = root;

    for (int i = 4;; i--) {
        uint64_t *entry = (uint64_t *)at(table) + (address >> (12 + 9 * (i - 1)) & 511);

        if (i == level)
            return entry;
        if (!(*entry & PTE_P))
            *entry = page_new() | PTE_P | PTE_W | PTE_U;
        table = *entry & PTE_ADDRESS;
    }
}

void map(uint64_t address, uint64_t physical, uint64_t flags)
{
    *(volatile uint64_t *)entry_in(kernel_root, address, 1) = physical | flags;
}

void unmap(uint64_t address)
{
    *(volatile uint64_t *)entry_in(kernel_root, address, 1) = 0;
    invlpg(address);
}

uint64_t root_new(void)
{
    uint64_t root = page_new();

    ((volatile uint64_t *)at(root))[511] = ((uint64_t *)at(kernel_root))[511];
    return root;
}

void paging_init(void)
{
    uint64_t upper = page_new();

    kernel_root = page_new();
    ((uint64_t *)at(upper))[510] = boot_pdpt[510];
    ((uint64_t *)at(kernel_root))[511] = upper | PTE_P | PTE_W | PTE_U;
    for (uint64_t address = (uint64_t)user_start; address < (uint64_t)user_end;
         address += PAGE_SIZE)
        map(address, physical_of(user_image) + (address - (uint64_t)user_start),
            PTE_P | PTE_W | PTE_U);
    for (uint64_t address = USER_STACK - 4 * PAGE_SIZE; address < USER_STACK; address += PAGE_SIZE)
        map(address, page_new(), PTE_P | PTE_W | PTE_U);
    cr3_write(kernel_root);
}
