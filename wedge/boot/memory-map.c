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
