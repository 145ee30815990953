/* SPDX-License-Identifier: BSD-2-Clause */
/* Shadow tables: for each page of the guest's that is a table, tables of ours that the place reads,
 * kept like it at every moment. A page that has one is write-protected in all of them; the guest's
 * stores to it are carried out by us (store.c), and each changed entry is changed in the shadows.
 * So a translation that the guest has is there before it is used: the kernel's stack can never be
 * missing when a hypervisor wants to push something on it.
 *
 * A table has up to two shadows for each level it is used at. The kernel's has all its entries;
 * user mode's only those that user mode may use, since places exist where page tables cannot tell
 * the two apart (the kernel runs in ring 3). Large pages are made of small ones, in tables that
 * mirror no page of the guest's.
 */
#include "wedge/backend.h"
#include "wedge/bind.h"
#include "wedge/code.h"
#include "wedge/memory.h"
#include "wedge/print.h"
#include "wedge/string.h"
#include "wedge/vcpu.h"

#define ENTRIES 512u
#define LEVELS  4

enum role {
    ROLE_USER = 1,  /* user mode's: only what it may use */
    ROLE_TOP = 2,   /* kernel's, level 3, of the last slot: has the window */
    ROLE_LAST = 4,  /* kernel's, level 2, of that one's last slot: has the alias */
    ROLE_LARGE = 8, /* level 1, in place of a large page */
};

struct shadow {
    uint32_t page;  /* own page, 0 when this one is free */
    uint32_t guest; /* page of the guest's that it mirrors; of a large page the first */
    uint8_t level, role;
    bool apart;    /* the kernel's root: nothing is shared with user mode's */
    bool building; /* not seen by the place yet: plain memory */
    bool writable; /* of a large page, and the next */
    bool no_execute;
    uint32_t references; /* entries that lead here; a root has one more */
    uint32_t next;       /* of the same page; index + 1, 0 for none */
};

/* A page of the guest's. */
struct page {
    uint32_t shadows; /* first; index + 1 */
    uint32_t mapped;  /* first of the entries that let it be written; index + 1 */
    uint32_t tables;  /* shadows that mirror it */
};

/* An entry that maps a page writable, or would if that were no table. */
struct mapping {
    uint32_t place; /* of the entry: shadow * 512 + slot */
    uint32_t next;  /* index + 1 */
};

#define ROOTS     64
#define PEAK_TOLD 256 /* peaks are told from here on, whenever they double */

struct root {
    uint32_t kernel, user; /* shadows; index + 1 */
    uint64_t used;
};

static struct page *pages;
static struct shadow *shadows;
static uint32_t shadow_capacity, shadow_free; /* first free; index + 1, linked by next */
static uint32_t *page_shadow;                 /* of an own page: index + 1 */
static struct mapping *mappings;
static uint32_t mapping_free;
static uint64_t pool_start, pool_end; /* own pages for tables */
static uint32_t *pool;                /* those that are free */
static uint64_t pool_count;
static struct root roots[ROOTS];
static struct root *current;
static uint64_t clock;
static struct shadow_figures figures;

#define NO_EXECUTE(entry) ((entry)&PTE_NX && vcpu_page.efer & EFER_NXE)

static uint64_t *entries(const struct shadow *shadow)
{
    return physical((uint64_t)shadow->page << PAGE_SHIFT);
}

static const uint64_t *guest_entries(const struct shadow *shadow)
{
    return physical((uint64_t)shadow->guest << PAGE_SHIFT);
}

static uint32_t index_of(const struct shadow *shadow)
{
    return (uint32_t)(shadow - shadows);
}

/* --- Memory
 * --------------------------------------------------------------------------------------------------------
 */

static void *take(uint64_t *next, uint64_t size)
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
    uint64_t next = backend->free_pages_start, own = backend->page_count - next,
             mapping_count = backend->own_pages_start * 3;

    pages = take(&next, backend->own_pages_start * sizeof(*pages));
    shadow_capacity = (uint32_t)own;
    shadows = take(&next, own * sizeof(*shadows));
    page_shadow = take(&next, own * sizeof(*page_shadow));
    pool = take(&next, own * sizeof(*pool));
    mappings = take(&next, mapping_count * sizeof(*mappings));
    for (uint64_t i = 0; i < mapping_count; i++)
        mappings[i].next = i + 1 < mapping_count ? (uint32_t)i + 2 : 0;
    mapping_free = 1;
    for (uint32_t i = 0; i < shadow_capacity; i++)
        shadows[i].next = i + 1 < shadow_capacity ? i + 2 : 0;
    shadow_free = 1;
    pool_start = next;
    pool_end = backend->page_count;
    if (wedge_image.shadow_pages && pool_end - pool_start > wedge_image.shadow_pages)
        pool_end = pool_start + wedge_image.shadow_pages;
    for (uint64_t page = pool_end; page > pool_start; page--)
        pool[pool_count++] = (uint32_t)page - 1;
    wedge_print("%lu MB for the guest, %lu pages for shadow tables",
                backend->own_pages_start >> (20 - PAGE_SHIFT), pool_count);
}

static void drop_root(struct root *root);

/* A page for a table, writable and with whatever is in it. */
static uint32_t take_page(void)
{
    while (!pool_count) {
        struct root *oldest = NULL;

        for (struct root *root = roots; root < roots + ROOTS; root++)
            if (root->kernel && root != current && (!oldest || root->used < oldest->used))
                oldest = root;
        if (!oldest)
            wedge_stop("out of shadow memory: %lu tables; give the wedge more", figures.tables);
        drop_root(oldest);
    }
    if (++figures.tables > figures.tables_peak) {
        figures.tables_peak = figures.tables;
        if ((figures.tables & (figures.tables - 1)) == 0 && figures.tables >= PEAK_TOLD)
            wedge_print("%lu shadow tables in use, of %lu", figures.tables, pool_end - pool_start);
    }
    return pool[--pool_count];
}

/* --- Entries that let a page be written
 * ---------------------------------------------------------------------------- */

static void write_entry(struct shadow *shadow, unsigned slot, uint64_t entry)
{
    if (shadow->building)
        entries(shadow)[slot] = entry;
    else
        backend->table_write(shadow->page, slot, entry);
}

static void add_mapping(struct page *page, uint32_t place)
{
    struct mapping *mapping;

    if (!mapping_free)
        wedge_stop("out of memory for reverse mappings");
    mapping = &mappings[mapping_free - 1];
    mapping_free = mapping->next;
    mapping->place = place;
    mapping->next = page->mapped;
    page->mapped = (uint32_t)(mapping - mappings) + 1;
}

/* Takes an entry off the list, if it is on it. */
static void remove_mapping(struct page *page, uint32_t place)
{
    for (uint32_t *link = &page->mapped; *link; link = &mappings[*link - 1].next) {
        struct mapping *mapping = &mappings[*link - 1];
        uint32_t index = *link;

        if (mapping->place != place)
            continue;
        *link = mapping->next;
        mapping->next = mapping_free;
        mapping_free = index;
        return;
    }
}

/* Lets all entries of a page be written, or none. */
static void protect(struct page *page, bool writable)
{
    for (uint32_t i = page->mapped; i; i = mappings[i - 1].next) {
        struct shadow *shadow = &shadows[mappings[i - 1].place / ENTRIES];
        unsigned slot = mappings[i - 1].place % ENTRIES;
        uint64_t entry;

        if (!shadow->building)
            backend->table_flush(false);
        entry = entries(shadow)[slot];
        write_entry(shadow, slot, writable ? entry | PTE_WRITABLE : entry & ~PTE_WRITABLE);
    }
    if (!writable)
        backend->table_flush(true);
}

/* --- Shadows
 * --------------------------------------------------------------------------------------------------------
 */

static struct shadow *create(uint32_t guest, unsigned level, unsigned role, bool writable,
                             bool no_execute);

static struct shadow *find(uint32_t guest, unsigned level, unsigned role, bool writable,
                           bool no_execute)
{
    for (uint32_t i = pages[guest].shadows; i; i = shadows[i - 1].next) {
        struct shadow *shadow = &shadows[i - 1];

        if (shadow->level == level && shadow->role == role &&
            (!(role & ROLE_LARGE) ||
             (shadow->writable == writable && shadow->no_execute == no_execute)))
            return shadow;
    }
    return NULL;
}

static struct shadow *find_or_create(uint32_t guest, unsigned level, unsigned role, bool writable,
                                     bool no_execute)
{
    struct shadow *shadow = find(guest, level, role, writable, no_execute);

    return shadow ? shadow : create(guest, level, role, writable, no_execute);
}

bool shadow_is_table(uint64_t page)
{
    return page < backend->own_pages_start && pages[page].tables;
}

/* Entries that are ours in every address space. */
static uint64_t injected(const struct shadow *shadow, unsigned slot)
{
    const uint64_t flags = PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_ACCESSED;
    uint64_t page = 0;

    if (shadow->role & ROLE_USER)
        return 0;
    if (shadow->level == 4 && slot == (WEDGE_PHYSICAL >> 39 & 511))
        page = backend->physical_table;
    else if (shadow->role & ROLE_TOP && slot == (WEDGE_WINDOW >> 30 & 511))
        page = backend->window_table;
    else if (shadow->role & ROLE_LAST && slot >= (WEDGE_WINDOW_ALIAS >> 21 & 511))
        page = backend->window_tables[slot - (WEDGE_WINDOW_ALIAS >> 21 & 511)];
    else
        return 0;
    return page ? backend->table_entry(page, flags) : 0;
}

static bool is_injected(const struct shadow *shadow, unsigned slot)
{
    if (shadow->role & ROLE_USER)
        return false;
    return (shadow->level == 4 && slot == (WEDGE_PHYSICAL >> 39 & 511)) ||
           (shadow->role & ROLE_TOP && slot == (WEDGE_WINDOW >> 30 & 511)) ||
           (shadow->role & ROLE_LAST && slot >= (WEDGE_WINDOW_ALIAS >> 21 & 511));
}

static bool is_reserved(const struct shadow *shadow, unsigned slot)
{
    return shadow->level == LEVELS && slot >= backend->reserved_slots_start &&
           slot < backend->reserved_slots_end;
}

/* What stands in the last slots where the guest has nothing: the back end's own tables, which count
 * nobody. */
static uint64_t fallback(const struct shadow *shadow, unsigned slot)
{
    const uint64_t flags = PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_ACCESSED;

    if (shadow->level == 4 && !(shadow->role & ROLE_USER) && slot == 511)
        return backend->table_entry(backend->top_table, flags);
    if (shadow->role & ROLE_TOP && slot == 511)
        return backend->table_entry(backend->last_table, flags);
    return 0;
}

/* Below what user mode may use the kernel shares user mode's tables, as long as it needs none of
 * its own pages there. */
static unsigned child_role(const struct shadow *shadow, unsigned slot, uint64_t guest)
{
    unsigned role = shadow->role & ROLE_USER;

    if (shadow->level == LEVELS && slot < ENTRIES / 2 && guest & PTE_USER && !shadow->apart)
        return ROLE_USER;
    if (!role && slot == 511 && shadow->level == 4)
        role |= ROLE_TOP;
    if (shadow->role & ROLE_TOP && slot == 511)
        role |= ROLE_LAST;
    return role;
}

static uint64_t leaf(struct shadow *shadow, unsigned slot, uint64_t page, bool writable, bool user,
                     bool no_execute)
{
    uint64_t flags = PTE_PRESENT | PTE_USER | PTE_ACCESSED | PTE_DIRTY;

    if (page >= backend->own_pages_start)
        return 0; /* nothing is there */
    if (writable)
        add_mapping(&pages[page], index_of(shadow) * ENTRIES + slot);
    if (writable && !pages[page].tables)
        flags |= PTE_WRITABLE;
    if (!(shadow->role & ROLE_USER) && !user && !code_is_bound(page))
        no_execute = true;
    return backend->table_entry(page, flags | (no_execute ? PTE_NX : 0));
}

/* The bits that a processor sets in a table when it uses an entry (AMD64 manual 2, 5.4.2). Tables,
 * and pages that user mode has no use of, count as used, and written where that is allowed, as soon
 * as they are there: their entries may not be missing. A page of user mode's gets them when it
 * faults. Gives the entry as it is then. */
static uint64_t mark_used(const struct shadow *shadow, unsigned slot, uint64_t guest)
{
    bool leaf = shadow->level == 1 || (shadow->level == 2 && guest & PTE_LARGE);
    uint64_t bits = PTE_ACCESSED | (leaf && guest & PTE_WRITABLE ? PTE_DIRTY : 0);

    if (shadow->role & ROLE_LARGE || !(guest & PTE_PRESENT) ||
        (shadow->level == 1 && guest & PTE_USER) || (guest & bits) == bits)
        return guest;
    ((uint64_t *)physical((uint64_t)shadow->guest << PAGE_SHIFT))[slot] = guest | bits;
    return guest | bits;
}

/* What an entry of the guest's is in a shadow; whatever it leads to is made. */
static uint64_t translate(struct shadow *shadow, unsigned slot, uint64_t guest)
{
    uint64_t flags = PTE_PRESENT | PTE_USER | PTE_ACCESSED | (guest & PTE_WRITABLE),
             page = (guest & PTE_ADDRESS) >> PAGE_SHIFT;
    struct shadow *child;

    if (is_injected(shadow, slot) || is_reserved(shadow, slot)) {
        if (guest & PTE_PRESENT)
            wedge_stop(
                "the guest maps something where the wedge is: level %u, slot %u, entry %016lx",
                shadow->level, slot, guest);
        return injected(shadow, slot);
    }
    if (!(guest & PTE_PRESENT) || (shadow->role & ROLE_USER && !(guest & PTE_USER)) ||
        guest_entry_reserved(&vcpu_page, guest, shadow->level))
        return fallback(shadow, slot);
    guest = mark_used(shadow, slot, guest);
    if (shadow->level == 1 && !(guest & PTE_ACCESSED) && !(shadow->role & ROLE_LARGE))
        return 0; /* until it is used */
    if (shadow->level == 1)
        return leaf(shadow, slot, page,
                    guest & PTE_WRITABLE && (guest & PTE_DIRTY || shadow->role & ROLE_LARGE),
                    guest & PTE_USER, NO_EXECUTE(guest));
    if (shadow->level == 3 && guest & PTE_LARGE)
        wedge_stop("a page of 1 GB, which CPUID does not offer: entry %016lx", guest);
    if (shadow->level == 2 && guest & PTE_LARGE)
        page &= ~(uint64_t)(ENTRIES - 1);
    if (page >= backend->own_pages_start)
        return fallback(shadow, slot);
    if (shadow->level == 2 && guest & PTE_LARGE) {
        /* The window's alias would be cut out of a large page; nobody maps one there. */
        child =
            find_or_create((uint32_t)page, 1, ROLE_LARGE, guest & PTE_WRITABLE, NO_EXECUTE(guest));
        flags |= PTE_WRITABLE;
    } else {
        child = find_or_create((uint32_t)page, shadow->level - 1, child_role(shadow, slot, guest),
                               false, false);
        flags |= NO_EXECUTE(guest) ? PTE_NX : 0;
    }
    child->references++;
    return backend->table_entry(child->page, flags);
}

/* An entry is no more: what code was there may become other code. */
static void forget_code(const struct shadow *shadow, uint64_t old, uint64_t new)
{
    if (shadow->level == 1 && !(shadow->role & ROLE_USER) && old & PTE_PRESENT && !(old & PTE_NX) &&
        (!(new &PTE_PRESENT) || new &PTE_NX || (old ^ new) & PTE_ADDRESS))
        code_forget(backend->entry_page(old));
}

static void release(struct shadow *shadow);

/* Takes back what an entry of a shadow held. */
static void forget(struct shadow *shadow, unsigned slot, uint64_t entry)
{
    uint64_t page;
    uint32_t child;

    if (!(entry & PTE_PRESENT) || is_injected(shadow, slot) || is_reserved(shadow, slot) ||
        ((fallback(shadow, slot) ^ entry) & PTE_ADDRESS) == 0)
        return;
    page = backend->entry_page(entry);
    if (shadow->level == 1) {
        remove_mapping(&pages[page], index_of(shadow) * ENTRIES + slot);
        return;
    }
    child = page_shadow[page - backend->free_pages_start];
    if (child)
        release(&shadows[child - 1]);
}

/* The guest's entry that a slot of a shadow mirrors. */
static uint64_t guest_entry(const struct shadow *shadow, unsigned slot)
{
    if (shadow->role & ROLE_LARGE)
        return ((uint64_t)shadow->guest + slot) << PAGE_SHIFT | PTE_PRESENT | PTE_USER |
               (shadow->writable ? PTE_WRITABLE : 0) | (shadow->no_execute ? PTE_NX : 0);
    return guest_entries(shadow)[slot];
}

static struct shadow *create(uint32_t guest, unsigned level, unsigned role, bool writable,
                             bool no_execute)
{
    uint32_t page = take_page();
    struct shadow *shadow;
    struct page *mirrored = &pages[guest];

    if (!shadow_free)
        wedge_stop("out of shadow tables");
    shadow = &shadows[shadow_free - 1];
    shadow_free = shadow->next;
    *shadow = (struct shadow){.page = page,
                              .guest = guest,
                              .level = (uint8_t)level,
                              .role = (uint8_t)role,
                              .building = true,
                              .writable = writable,
                              .no_execute = no_execute,
                              .next = mirrored->shadows};
    mirrored->shadows = index_of(shadow) + 1;
    page_shadow[page - backend->free_pages_start] = index_of(shadow) + 1;
    if (!(role & ROLE_LARGE) && mirrored->tables++ == 0)
        protect(mirrored, false);
    memset(entries(shadow), 0, PAGE_SIZE);
    for (unsigned slot = 0; slot < ENTRIES; slot++)
        entries(shadow)[slot] = translate(shadow, slot, guest_entry(shadow, slot));
    backend->table_flush(false);
    if (level == LEVELS)
        backend->root_seal(page);
    else
        backend->table_seal(page);
    shadow->building = false;
    return shadow;
}

static void destroy(struct shadow *shadow)
{
    struct page *mirrored = &pages[shadow->guest];
    uint32_t *link = &mirrored->shadows;

    backend->table_flush(false);
    if (shadow->level == LEVELS)
        backend->root_open(shadow->page);
    for (unsigned slot = 0; slot < ENTRIES; slot++) {
        forget_code(shadow, entries(shadow)[slot], 0);
        forget(shadow, slot, entries(shadow)[slot]);
    }
    if (shadow->level != LEVELS)
        backend->table_open(shadow->page);
    while (*link != index_of(shadow) + 1)
        link = &shadows[*link - 1].next;
    *link = shadow->next;
    page_shadow[shadow->page - backend->free_pages_start] = 0;
    pool[pool_count++] = shadow->page;
    figures.tables--;
    if (!(shadow->role & ROLE_LARGE) && --mirrored->tables == 0)
        protect(mirrored, true);
    shadow->page = 0;
    shadow->next = shadow_free;
    shadow_free = index_of(shadow) + 1;
}

static void release(struct shadow *shadow)
{
    if (--shadow->references == 0)
        destroy(shadow);
}

/* Brings one slot up to date; gives whether its entry changed. */
static bool update(struct shadow *shadow, unsigned slot)
{
    const uint64_t compared = PTE_PRESENT | PTE_WRITABLE | PTE_ADDRESS | PTE_NX;
    uint64_t old, new;

    if (is_reserved(shadow, slot)) {
        translate(shadow, slot, guest_entry(shadow, slot));
        return false;
    }
    backend->table_flush(false);
    old = entries(shadow)[slot];
    if (shadow->level == 1)
        forget(shadow, slot, old); /* the new one may be counted for the same page */
    new = translate(shadow, slot, guest_entry(shadow, slot));
    if (((old ^ new) & compared) == 0 || !((old | new) & PTE_PRESENT)) {
        if (shadow->level > 1)
            forget(shadow, slot, new); /* what translate counted once more */
        return false;
    }
    forget_code(shadow, old, new);
    write_entry(shadow, slot, new);
    if (shadow->level > 1) {
        backend->table_flush(false); /* what the old one led to may be freed */
        forget(shadow, slot, old);
    }
    return true;
}

/* --- Roots
 * ----------------------------------------------------------------------------------------------------------
 */

static void drop_root(struct root *root)
{
    uint32_t kernel = root->kernel, user = root->user;

    *root = (struct root){.kernel = 0};
    release(&shadows[kernel - 1]);
    release(&shadows[user - 1]);
}

static struct root *root_of(uint32_t guest)
{
    for (struct root *root = roots; root < roots + ROOTS; root++)
        if (root->kernel && shadows[root->kernel - 1].guest == guest)
            return root;
    return NULL;
}

static struct root *make_root(uint32_t guest)
{
    struct root *root = NULL;
    struct shadow *kernel, *user;

    kernel = find_or_create(guest, LEVELS, 0, false, false);
    kernel->references++;
    user = find_or_create(guest, LEVELS, ROLE_USER, false, false);
    user->references++;
    for (struct root *i = roots; i < roots + ROOTS; i++)
        if (!i->kernel || (i != current && (!root || (root->kernel && i->used < root->used))))
            root = i;
    if (root->kernel)
        drop_root(root);
    *root = (struct root){.kernel = index_of(kernel) + 1, .user = index_of(user) + 1};
    return root;
}

void shadow_load(struct vcpu *vcpu)
{
    uint64_t guest = (vcpu->cr3 & PTE_ADDRESS) >> PAGE_SHIFT;
    struct root *root;

    if (!(vcpu->cr0 & CR0_PG)) {
        current = NULL;
        backend->table_flush(false);
        backend->root_load(backend->identity_root, 0);
        return;
    }
    if (guest >= backend->own_pages_start)
        wedge_guest_crashed("CR3 is %016lx, where there is no memory", vcpu->cr3);
    root = root_of((uint32_t)guest);
    if (!root)
        root = make_root((uint32_t)guest);
    current = root;
    root->used = ++clock;
    backend->table_flush(false);
    backend->root_load(shadows[root->kernel - 1].page, shadows[root->user - 1].page);
}

/* --- Changes
 * --------------------------------------------------------------------------------------------------------
 */

#define SHADOWS_MAX 16

void shadow_written(uint64_t physical_address, size_t size)
{
    uint32_t guest = (uint32_t)(physical_address >> PAGE_SHIFT), list[SHADOWS_MAX];
    unsigned first = physical_address % PAGE_SIZE / 8,
             last = (physical_address % PAGE_SIZE + size - 1) / 8, count = 0;
    struct root *root = root_of(guest);

    /* A root that is not in use is written when its address space goes away, or when the page has
     * become something else already. */
    if (root && root != current)
        drop_root(root);
    for (uint32_t i = pages[guest].shadows; i && count < SHADOWS_MAX; i = shadows[i - 1].next)
        if (!(shadows[i - 1].role & ROLE_LARGE))
            list[count++] = i - 1;
    for (unsigned i = 0; i < count; i++)
        for (unsigned slot = first; slot <= last; slot++)
            if (shadows[list[i]].page && shadows[list[i]].guest == guest)
                update(&shadows[list[i]], slot);
}

static uint32_t opened; /* page + 1 */

bool shadow_open(uint64_t page)
{
    if (opened)
        return false;
    opened = (uint32_t)page + 1;
    protect(&pages[page], true);
    backend->table_flush(true);
    return true;
}

void shadow_close(void)
{
    uint64_t page = opened - 1;

    if (!opened)
        return;
    opened = 0;
    protect(&pages[page], false);
    shadow_written(page << PAGE_SHIFT, PAGE_SIZE);
}

static bool refresh_from(struct shadow *shadow, uint64_t address)
{
    bool changed = false;

    for (;;) {
        unsigned slot = address >> (PAGE_SHIFT + 9 * (shadow->level - 1)) & 511;
        uint64_t entry;
        uint32_t child;

        changed |= update(shadow, slot);
        backend->table_flush(false);
        entry = entries(shadow)[slot];
        if (shadow->level == 1 || !(entry & PTE_PRESENT) || is_injected(shadow, slot) ||
            is_reserved(shadow, slot))
            return changed;
        if (((fallback(shadow, slot) ^ entry) & PTE_ADDRESS) == 0)
            return changed;
        child = page_shadow[backend->entry_page(entry) - backend->free_pages_start];
        if (!child)
            return changed;
        shadow = &shadows[child - 1];
    }
}

bool shadow_use(struct vcpu *vcpu, uint64_t address, bool write)
{
    uint64_t *leaf = guest_leaf(vcpu, address);

    if (leaf)
        *leaf |= PTE_ACCESSED | (write ? PTE_DIRTY : 0);
    return shadow_refresh(vcpu, address);
}

bool shadow_set_apart(struct vcpu *vcpu, uint64_t address)
{
    struct shadow *root = current ? &shadows[current->kernel - 1] : NULL;

    if (!root || root->apart)
        return false;
    root->apart = true;
    for (unsigned slot = 0; slot < ENTRIES / 2; slot++)
        if (guest_entries(root)[slot] & PTE_PRESENT)
            update(root, slot);
    shadow_refresh(vcpu, address);
    return true;
}

bool shadow_refresh(struct vcpu *vcpu, uint64_t address)
{
    bool changed;

    if (!(vcpu->cr0 & CR0_PG) || !current)
        return false;
    changed = refresh_from(&shadows[current->kernel - 1], address);
    return refresh_from(&shadows[current->user - 1], address) || changed;
}

void shadow_figures(struct shadow_figures *out)
{
    *out = figures;
    out->roots = 0;
    for (struct root *root = roots; root < roots + ROOTS; root++)
        out->roots += root->kernel != 0;
}
