/* SPDX-License-Identifier: BSD-2-Clause */
/* For each page of the guest's, the entries of shadows that let it be written: when the page
 * becomes a table, none may. */
#include "wedge/print.h"
#include "wedge/shadow.h"

/* An entry that maps a page writable, or would if that were no table. */
struct mapping {
    uint32_t place; /* of the entry: shadow * 512 + slot */
    uint32_t next;  /* index + 1 */
};

#define MAPPINGS_PER_PAGE 3

static struct mapping *mappings;
static uint32_t first_free;

void protection_init(uint64_t *next)
{
    uint64_t count = backend->own_pages_start * MAPPINGS_PER_PAGE;

    mappings = shadow_reserve(next, count * sizeof(*mappings));
    for (uint64_t i = 0; i < count; i++)
        mappings[i].next = i + 1 < count ? (uint32_t)i + 2 : 0;
    first_free = 1;
}

static uint32_t place_of(const struct shadow *shadow, unsigned slot)
{
    return shadow_index(shadow) * ENTRIES + slot;
}

void protection_add(uint64_t page, const struct shadow *shadow, unsigned slot)
{
    struct mapping *mapping;

    while (!first_free)
        if (!roots_make_room())
            wedge_stop("out of memory for reverse mappings");
    mapping = &mappings[first_free - 1];
    first_free = mapping->next;
    *mapping = (struct mapping){place_of(shadow, slot), shadow_pages[page].mapped};
    shadow_pages[page].mapped = (uint32_t)(mapping - mappings) + 1;
}

/* If it is on the list. */
void protection_remove(uint64_t page, const struct shadow *shadow, unsigned slot)
{
    uint32_t place = place_of(shadow, slot);

    for (uint32_t *link = &shadow_pages[page].mapped; *link; link = &mappings[*link - 1].next) {
        struct mapping *mapping = &mappings[*link - 1];
        uint32_t index = *link;

        if (mapping->place != place)
            continue;
        *link = mapping->next;
        mapping->next = first_free;
        first_free = index;
        return;
    }
}

void protection_set(struct page *page, bool writable)
{
    backend->table_flush(false);
    for (uint32_t i = page->mapped; i; i = mappings[i - 1].next) {
        struct shadow *shadow = &shadow_tables[mappings[i - 1].place / ENTRIES];
        unsigned slot = mappings[i - 1].place % ENTRIES;
        uint64_t entry = shadow_entries(shadow)[slot];

        shadow_write_entry(shadow, slot, writable ? entry | PTE_WRITABLE : entry & ~PTE_WRITABLE);
    }
    if (!writable)
        backend->table_flush(true);
}
