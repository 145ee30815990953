/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the shadow tables share (mmu/shadow.c says what those are). */
#ifndef WEDGE_SHADOW_H
#define WEDGE_SHADOW_H

#include "wedge/backend.h"
#include "wedge/memory.h"
#include "wedge/vcpu.h"

#define ENTRIES 512u
#define LEVELS  4

enum role {
    ROLE_USER = 1,   /* user mode's: only what it may use */
    ROLE_TOP = 2,    /* kernel's, level 3, of the last slot: has the window */
    ROLE_LAST = 4,   /* kernel's, level 2, of that one's last slot: has the alias */
    ROLE_LARGE = 8,  /* level 1, in place of a large page */
    ROLE_LOWER = 16, /* of user mode's half of the addresses */
};

/* What the pages of a large one have in common. */
enum large_page {
    LARGE_WRITABLE = 1,
    LARGE_USER = 2,
    LARGE_NO_EXECUTE = 4,
};

struct shadow {
    uint32_t page;  /* own page, 0 when this one is free */
    uint32_t guest; /* page of the guest's that it mirrors; of a large page the first */
    uint8_t level, role;
    uint8_t large;       /* enum large_page */
    bool building;       /* not seen by the place yet: plain memory */
    uint32_t references; /* entries that lead here, and who works on it; a root has one more */
    uint32_t next;       /* of the same page; index + 1, 0 for none */
};

/* A page of the guest's. */
struct page {
    uint32_t shadows;    /* first; index + 1 */
    uint32_t mapped;     /* first of the entries that let it be written; index + 1 */
    uint32_t tables;     /* shadows that mirror it */
    uint32_t executable; /* entries that let the kernel execute it */
};

/* --- shadow-memory.c: everything here is in pages of the wedge's own. --- */

extern struct page *shadow_pages; /* by page number, below backend->own_pages_start; and one more,
                                     for all that is no memory */
extern struct shadow *shadow_tables; /* all that there can be */

/* `size` bytes of the pages from *next on, zeroed, for the whole run. */
void *shadow_reserve(uint64_t *next, uint64_t size);

/* A shadow of one of the guest's pages, with a page of its own, which holds anything; and back. */
struct shadow *shadow_take(uint32_t guest);
void shadow_give(struct shadow *shadow);

/* The shadow that has an own page, or NULL. */
struct shadow *shadow_of_page(uint64_t page);

/* Whether tables that can come later should: address spaces that are not in use were given up
 * already. */
bool shadow_memory_short(void);

/* Makes room for the tables of one address, if there is anything to give up. */
void shadow_memory_prepare(void);

static inline struct page *shadow_page(uint64_t page)
{
    return &shadow_pages[page < backend->own_pages_start ? page : backend->own_pages_start];
}

static inline uint32_t shadow_index(const struct shadow *shadow)
{
    return (uint32_t)(shadow - shadow_tables);
}

static inline uint64_t *shadow_entries(const struct shadow *shadow)
{
    return physical((uint64_t)shadow->page << PAGE_SHIFT);
}

static inline uint64_t *shadow_guest_entries(const struct shadow *shadow)
{
    return physical((uint64_t)shadow->guest << PAGE_SHIFT);
}

/* An entry as the place wants it; building tables are memory, others the back end's to write. */
void shadow_write_entry(struct shadow *shadow, unsigned slot, uint64_t entry);

/* --- write-protection.c --- */

void protection_init(uint64_t *next);

/* Notes and forgets that an entry of a shadow maps a page writable, or would if that were no
 * table. */
void protection_add(uint64_t page, const struct shadow *shadow, unsigned slot);
void protection_remove(uint64_t page, const struct shadow *shadow, unsigned slot);

/* Lets all entries of a page be written, or none. */
void protection_set(struct page *page, bool writable);

/* --- shadow.c --- */

struct shadow *shadow_find_or_create(uint32_t guest, unsigned level, unsigned role, unsigned large);
void shadow_release(struct shadow *shadow);

/* Brings one slot up to date; gives whether its entry changed. */
bool shadow_update(struct shadow *shadow, unsigned slot);

/* Empties a slot of a root. */
void shadow_empty(struct shadow *shadow, unsigned slot);

/* The shadow that an entry of this one leads to; NULL when it leads to none, or to the back end's
 * own tables. */
struct shadow *shadow_child(const struct shadow *shadow, unsigned slot);

/* --- roots.c --- */

/* The roots in use; false when there are none. */
bool roots_current(struct shadow **kernel, struct shadow **user);

/* Whether the kernel's roots have tables of their own in user mode's half, since there are pages in
 * it that only the kernel may use. Who finds one wants it; roots_settle does it, once no table is
 * being worked on. */
bool roots_apart(void);
void roots_want_apart(void);
void roots_settle(void);

/* Gives up the address space that was used longest ago, other than the one in use. */
bool roots_drop_oldest(void);

/* Makes room by force: that, or the tables of user mode's half of the address space in use, which
 * come back when they are used; the kernel's own ones there last, since a stack may be among them.
 * Gives false when there is nothing left to give up. */
bool roots_make_room(void);

/* How often user mode's half was emptied: what was known of its tables is void then. */
uint64_t roots_emptied(void);

/* A table of user mode's half was put off: shadow_stack_doubted. */
void roots_doubt_stack(void);

/* A root was written to: it is dropped if it is not in use. */
void roots_written(uint32_t guest);

#endif
