/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where code is read in another way than the image's own. */
#include <stdlib.h>

#include "cli/memory.h"
#include "verify/walk.h"

const char *exemption_text(int exemption)
{
    switch (exemption) {
    case AFTERBURN_EXEMPT_DIRECTIVE:
        return "between .afterburn_off and .afterburn_on";
    case AFTERBURN_EXEMPT_SECTION:
        return "section left alone by the policy";
    case AFTERBURN_EXEMPT_BITS_16:
        return "16-bit code";
    case AFTERBURN_EXEMPT_DATA:
        return "data among code";
    default:
        return NULL;
    }
}

/* Whether `next` goes on with what `region` says, in the same section. */
static int goes_on(const struct image *image, const struct region *region,
                   const struct region *next)
{
    return region->end == next->start && region->bits == next->bits &&
           region->exemption == next->exemption &&
           image_section_at(image, region->start) == image_section_at(image, next->start);
}

size_t regions_list(const struct verification *verification, struct region **list)
{
    const struct records *records = &verification->records;
    size_t count = 0;

    *list = memory_allocate((records->region_count + 1) * sizeof(**list));
    for (size_t i = 0; i < records->region_count; i++) {
        const struct region *region = &records->regions[i];

        if (count && goes_on(verification->image, &(*list)[count - 1], region)) {
            (*list)[count - 1].end = region->end;
            (*list)[count - 1].instructions += region->instructions;
        } else {
            (*list)[count++] = *region;
        }
    }
    return count;
}
