/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 9: physical pages.
 *
 * 9.1 The loader's memory map says where RAM is. We use the piece our image lies in, from the
 * image's end up to the piece's, or as far as the kernel's mapping reaches; it is plenty.
 */
#include "kernel.h"
#include "startinfo.h"

/*
 * 9.2 Pages are taken in order of address; those given back are chained through their first
 * word and taken again first. So nothing has to be written into memory that nobody uses.
 */
static unsigned long next_page, end_page;
static unsigned long free_list;
static unsigned long free_count;

void memory_init(const struct start_info *info)
{
    unsigned long first = virt_to_phys(text_start);
    unsigned long behind = virt_to_phys(image_end);

    CHECK(info->version >= 1 && info->memory_map < KERNEL_MAP_SIZE);
    const struct memory_map_entry *map = phys_to_virt(info->memory_map);
    for (uint32_t i = 0; i < info->memory_map_entries; i++) {
        uint64_t start = map[i].start;
        uint64_t end = start + map[i].size;

        if (map[i].type == MEMORY_RAM && start <= first && end > behind)
            end_page = end < KERNEL_MAP_SIZE ? end & -(uint64_t)PAGE_SIZE : KERNEL_MAP_SIZE;
    }
    CHECK(end_page);
    next_page = behind;
    free_count = (end_page - next_page) / PAGE_SIZE;
}

unsigned long memory_end(void)
{
    return end_page;
}

unsigned long pages_free(void)
{
    return free_count;
}

/* A page of zeroes, by its physical address. Running out is the end: nobody here can wait. */
unsigned long page_alloc(void)
{
    unsigned long page = free_list;

    if (!free_count)
        panic("out of memory");
    free_count--;
    if (page) {
        free_list = *(unsigned long *)phys_to_virt(page);
    } else {
        page = next_page;
        next_page += PAGE_SIZE;
    }
    unsigned long *words = phys_to_virt(page);
    for (unsigned i = 0; i < PAGE_SIZE / sizeof(*words); i++)
        words[i] = 0;
    return page;
}

void page_free(unsigned long page)
{
    *(unsigned long *)phys_to_virt(page) = free_list;
    free_list = page;
    free_count++;
}
