/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory for shadow tables: a pool of pages, of a size that `afterburner link --shadow-memory` may
 * limit. */
#include "wedge/bind.h"
#include "wedge/print.h"
#include "wedge/shadow.h"
#include "wedge/string.h"

#define PEAK_TOLD 256 /* peaks are told from here on, whenever they double */

/* From so few pages on, tables wait until they are used: those that cannot wait need some. */
#define RESERVE 64

struct page *shadow_pages;
struct shadow *shadow_tables;
static uint32_t first_free;   /* of shadow_tables; index + 1, linked by next */
static uint32_t *page_shadow; /* of an own page: index + 1 */
static uint32_t *pool;        /* pages that are free */
static uint64_t pool_count, pool_start, pool_end;
static uint64_t tables_peak;

void *shadow_reserve(uint64_t *next, uint64_t size)
{
    void *start = physical(*next << PAGE_SHIFT);

    *next += (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
    if (*next >= backend->page_count)
        wedge_stop("not enough memory for the wedge: %lu pages are its own, more are needed",
                   backend->page_count - backend->own_pages_start);
    memset(start, 0, size);
    return start;
}

void shadow_init(void)
{
    uint64_t next = backend->free_pages_start, own = backend->page_count - next;

    shadow_pages = shadow_reserve(&next, (backend->own_pages_start + 1) * sizeof(*shadow_pages));
    shadow_tables = shadow_reserve(&next, own * sizeof(*shadow_tables));
    page_shadow = shadow_reserve(&next, own * sizeof(*page_shadow));
    pool = shadow_reserve(&next, own * sizeof(*pool));
    protection_init(&next);
    for (uint64_t i = 0; i < own; i++)
        shadow_tables[i].next = i + 1 < own ? (uint32_t)i + 2 : 0;
    first_free = 1;
    pool_start = next;
    pool_end = backend->page_count;
    if (wedge_image.shadow_pages && pool_end - pool_start > wedge_image.shadow_pages)
        pool_end = pool_start + wedge_image.shadow_pages;
    for (uint64_t page = pool_end; page > pool_start; page--)
        pool[pool_count++] = (uint32_t)page - 1;
    wedge_print("%lu MB for the guest, %lu pages for shadow tables",
                backend->own_pages_start >> (20 - PAGE_SHIFT), pool_count);
}

static uint64_t tables(void)
{
    return pool_end - pool_start - pool_count;
}

static void tell_peak(void)
{
    uint64_t count = tables();

    if (count <= tables_peak)
        return;
    tables_peak = count;
    if ((count & (count - 1)) == 0 && count >= PEAK_TOLD)
        wedge_print("%lu shadow tables in use, of %lu", count, pool_end - pool_start);
}

struct shadow *shadow_take(uint32_t guest)
{
    struct shadow *shadow;

    while (!pool_count)
        if (!roots_make_room())
            wedge_stop("out of shadow memory: %lu tables; give the wedge more (afterburner link "
                       "--shadow-memory)",
                       tables());
    shadow = &shadow_tables[first_free - 1];
    first_free = shadow->next;
    *shadow = (struct shadow){
        .page = pool[--pool_count], .guest = guest, .next = shadow_page(guest)->shadows};
    shadow_page(guest)->shadows = shadow_index(shadow) + 1;
    page_shadow[shadow->page - backend->free_pages_start] = shadow_index(shadow) + 1;
    tell_peak();
    return shadow;
}

void shadow_give(struct shadow *shadow)
{
    uint32_t *link = &shadow_page(shadow->guest)->shadows;

    while (*link != shadow_index(shadow) + 1)
        link = &shadow_tables[*link - 1].next;
    *link = shadow->next;
    page_shadow[shadow->page - backend->free_pages_start] = 0;
    pool[pool_count++] = shadow->page;
    shadow->page = 0;
    shadow->next = first_free;
    first_free = shadow_index(shadow) + 1;
}

struct shadow *shadow_of_page(uint64_t page)
{
    uint32_t index = page_shadow[page - backend->free_pages_start];

    return index ? &shadow_tables[index - 1] : NULL;
}

bool shadow_memory_short(void)
{
    while (pool_count < RESERVE)
        if (!roots_drop_oldest())
            return true;
    return false;
}

void shadow_memory_prepare(void)
{
    while (pool_count < 2ul * LEVELS)
        if (!roots_make_room())
            return;
}
