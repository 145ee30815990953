/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory that the guest is told of: a PC's, without what the wedge keeps. */
#include "wedge/backend.h"
#include "wedge/boot.h"
#include "wedge/memory.h"

#define LOW_END    0x9fc00
#define HIGH_START 0x100000

unsigned memory_map(struct memory_range ranges[MEMORY_MAP_MAX])
{
    uint64_t end = backend->own_pages_start << PAGE_SHIFT;

    ranges[0] = (struct memory_range){0, LOW_END, MEMORY_RAM};
    ranges[1] = (struct memory_range){LOW_END, HIGH_START - LOW_END, MEMORY_RESERVED};
    ranges[2] = (struct memory_range){HIGH_START, end - HIGH_START, MEMORY_RAM};
    ranges[3] =
        (struct memory_range){end, (backend->page_count << PAGE_SHIFT) - end, MEMORY_RESERVED};
    return 4;
}

/* See shadow_init and code_init; rounded up, with a few pages for back ends. */
uint64_t wedge_memory_overhead(uint64_t pages, uint64_t shadows)
{
    const uint64_t per_page = 16 + 3 * 8 + 1, per_shadow = 40 + 8, modules = 8192 * (32 + 4);

    return (pages * per_page + 2 * shadows * per_shadow + modules) / PAGE_SIZE + 32;
}
