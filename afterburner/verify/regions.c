/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where marks have code read in another way than the image's own. */
#include <stdlib.h>

#include "cli/memory.h"
#include "verify/walk.h"

int mark_bits(const struct image *image, const struct mark *mark)
{
    return mark->bits == 16 || mark->bits == 32 ? mark->bits : image->bits;
}

const char *exemption_text(int exemption)
{
    switch (exemption) {
    case AFTERBURN_EXEMPT_DIRECTIVE:
        return "between .afterburn_off and .afterburn_on";
    case AFTERBURN_EXEMPT_SECTION:
        return "section left alone by the policy";
    case AFTERBURN_EXEMPT_BITS_16:
        return "16-bit code";
    default:
        return NULL;
    }
}

/* The first mark at or behind an address. */
static size_t mark_from(const struct records *records, uint64_t address)
{
    size_t low = 0, high = records->mark_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (records->marks[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t regions_list(const struct verification *verification, struct region **list)
{
    const struct records *records = &verification->records;
    const struct image *image = verification->image;
    size_t count = 0, capacity = 0;

    *list = NULL;
    for (size_t i = 0; i < verification->section_count; i++) {
        const struct image_section *section = verification->sections[i].section;
        uint64_t end = section->address + section->size;

        for (size_t k = mark_from(records, section->address);
             k < records->mark_count && records->marks[k].address < end; k++) {
            const struct mark *mark = &records->marks[k], *next = mark + 1;
            struct region region = {
                .section = section,
                .start = mark->address,
                .end = k + 1 < records->mark_count && next->address < end ? next->address : end,
                .bits = mark_bits(image, mark),
                .exemption = mark->exemption,
                .instructions = mark->instructions,
            };
            struct region *last = count ? *list + count - 1 : NULL;

            if (region.start == region.end ||
                (region.bits == image->bits && !exemption_text(region.exemption)))
                continue;
            if (last && last->section == section && last->end == region.start &&
                last->bits == region.bits && last->exemption == region.exemption) {
                last->end = region.end;
                last->instructions += region.instructions;
                continue;
            }
            memory_grow((void **)list, &capacity, count, sizeof(**list));
            (*list)[count++] = region;
        }
    }
    return count;
}
