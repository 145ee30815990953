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
#include "wedge/shadow.h"
#include "wedge/bind.h"
#include "wedge/code.h"
#include "wedge/print.h"
#include "wedge/string.h"

static uint64_t wanted; /* address whose tables are made whatever memory is left */
static bool wants;

static bool no_execute(uint64_t entry)
{
    return entry & PTE_NX && vcpu_page.efer & EFER_NXE;
}

void shadow_write_entry(struct shadow *shadow, unsigned slot, uint64_t entry)
{
    if (shadow->building)
        shadow_entries(shadow)[slot] = entry;
    else
        backend->table_write(shadow->page, slot, entry);
}

static struct shadow *create(uint32_t guest, unsigned level, unsigned role, unsigned large);

static struct shadow *find(uint32_t guest, unsigned level, unsigned role, unsigned large)
{
    for (uint32_t i = shadow_page(guest)->shadows; i; i = shadow_tables[i - 1].next) {
        struct shadow *shadow = &shadow_tables[i - 1];

        if (shadow->guest == guest && shadow->level == level && shadow->role == role &&
            shadow->large == large)
            return shadow;
    }
    return NULL;
}

struct shadow *shadow_find_or_create(uint32_t guest, unsigned level, unsigned role, unsigned large)
{
    struct shadow *shadow = find(guest, level, role, large);

    return shadow ? shadow : create(guest, level, role, large);
}

bool shadow_is_table(uint64_t page)
{
    return page < backend->own_pages_start && shadow_pages[page].tables;
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

/* Whether a table can have entries that are not the guest's. */
static bool may_hold_ours(const struct shadow *shadow)
{
    return shadow->level == LEVELS || shadow->role & (ROLE_TOP | ROLE_LAST);
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
    unsigned role = shadow->role & (ROLE_USER | ROLE_LOWER);

    if (shadow->level == LEVELS && slot < ENTRIES / 2)
        return ROLE_LOWER | (guest & PTE_USER && !roots_apart() ? ROLE_USER : role);
    if (!role && slot == 511 && shadow->level == 4)
        role |= ROLE_TOP;
    if (shadow->role & ROLE_TOP && slot == 511)
        role |= ROLE_LAST;
    return role;
}

/* Bits of entries that processors leave alone, since a place may set others than it was told (Xen
 * sets PTE_USER in all): pages that the kernel, and not user mode, may execute; a device's memory,
 * whose page numbers count nothing; what user mode may use. */
#define ENTRY_CODE   0x200ul
#define ENTRY_DEVICE 0x400ul
#define ENTRY_USER   0x800ul

/* Whether the address that is wanted lies in one of `count` pages. */
static bool is_wanted(uint64_t page, uint64_t count)
{
    uint64_t where;

    return wants && guest_walk(&vcpu_page, wanted, 0, &where) == 0 &&
           (where >> PAGE_SHIFT) - page < count;
}

/* Memory of a device's, uncached and never code, once somebody wants it: guests map all that there
 * could be, and places do not give all away. 0 where nothing is, or what is the wedge's. */
static uint64_t device(uint64_t page, bool writable, bool user)
{
    if (page < backend->page_count || !is_wanted(page, 1))
        return 0;
    return backend->device_entry(
        page, PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY | PTE_UNCACHED | PTE_NX | ENTRY_DEVICE |
                  (user ? PTE_USER | ENTRY_USER : 0) | (writable ? PTE_WRITABLE : 0));
}

static uint64_t leaf(struct shadow *shadow, unsigned slot, uint64_t page, bool writable, bool user,
                     bool not_code)
{
    /* What is not user mode's must say so: a place may keep translations of user mode's pages over
     * its switches between the two. */
    uint64_t flags = PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY | (user ? PTE_USER | ENTRY_USER : 0);

    if (page >= backend->own_pages_start)
        return device(page, writable, user);
    if (writable)
        protection_add(page, shadow, slot);
    if (writable && !shadow_pages[page].tables)
        flags |= PTE_WRITABLE;
    if (!(shadow->role & ROLE_USER) && !user && !code_is_bound(page))
        not_code = true;
    if (not_code) {
        flags |= PTE_NX;
    } else if (!(shadow->role & ROLE_USER) && !user) {
        flags |= ENTRY_CODE;
        shadow_pages[page].executable++;
    }
    return backend->table_entry(page, flags);
}

static bool is_large(const struct shadow *shadow, uint64_t guest)
{
    return shadow->level == 2 && guest & PTE_LARGE;
}

/* Whether the guest's entry maps a page, and one that user mode may use: its bits are those that a
 * processor would set, and as long as it is not used it is not there. */
static bool waits_for_use(const struct shadow *shadow, uint64_t guest)
{
    return (shadow->level == 1 || is_large(shadow, guest)) && guest & PTE_USER;
}

/* The bits that a processor sets in a table when it uses an entry (AMD64 manual 2, 5.4.2). Tables,
 * and pages that user mode has no use of, count as used, and written where that is allowed, as soon
 * as they are there: their entries may not be missing. A page of user mode's gets them when it
 * faults. Gives the entry as it is then. */
static uint64_t mark_used(const struct shadow *shadow, unsigned slot, uint64_t guest)
{
    bool leaf = shadow->level == 1 || is_large(shadow, guest);
    uint64_t bits = PTE_ACCESSED | (leaf && guest & PTE_WRITABLE ? PTE_DIRTY : 0);

    if (waits_for_use(shadow, guest) || (guest & bits) == bits)
        return guest;
    shadow_guest_entries(shadow)[slot] = guest | bits;
    return guest | bits;
}

/* Whether a table can come later: not one of the kernel's half, nor the one that is being asked
 * for. */
static bool can_wait(const struct shadow *shadow, unsigned slot, unsigned role)
{
    bool waits = role & (ROLE_USER | ROLE_LOWER) && shadow_memory_short() &&
                 !(wants && (wanted >> (PAGE_SHIFT + 9 * (shadow->level - 1)) & 511) == slot);

    if (waits)
        roots_doubt_stack();
    return waits;
}

/* The entry that leads to the tables below the guest's entry, which are made. */
static uint64_t translate_table(struct shadow *shadow, unsigned slot, uint64_t guest)
{
    unsigned role = child_role(shadow, slot, guest);
    uint64_t page = (guest & PTE_ADDRESS) >> PAGE_SHIFT;
    struct shadow *child = find((uint32_t)page, shadow->level - 1u, role, 0);

    if (!child && can_wait(shadow, slot, role))
        return 0;
    mark_used(shadow, slot, guest);
    if (!child)
        child = create((uint32_t)page, shadow->level - 1u, role, 0);
    child->references++;
    return backend->table_entry(child->page, PTE_PRESENT | PTE_USER | PTE_ACCESSED |
                                                 (guest & PTE_WRITABLE) |
                                                 (no_execute(guest) ? PTE_NX : 0));
}

/* The entry that leads to the small pages of a large one. The window's alias would be cut out of a
 * large page; nobody maps one there. */
static uint64_t translate_large(struct shadow *shadow, unsigned slot, uint64_t guest)
{
    unsigned large, role = ROLE_LARGE | (shadow->role & (ROLE_USER | ROLE_LOWER));
    uint32_t page = (uint32_t)((guest & PTE_ADDRESS) >> PAGE_SHIFT & ~(ENTRIES - 1ul));
    struct shadow *child;

    guest = mark_used(shadow, slot, guest);
    if (!(guest & PTE_ACCESSED) || (page >= backend->own_pages_start && !is_wanted(page, ENTRIES)))
        return 0;
    large = (guest & PTE_WRITABLE && guest & PTE_DIRTY ? LARGE_WRITABLE : 0) |
            (guest & PTE_USER ? LARGE_USER : 0) | (no_execute(guest) ? LARGE_NO_EXECUTE : 0);
    child = find(page, 1, role, large);
    if (!child && can_wait(shadow, slot, role))
        return 0;
    if (!child)
        child = create(page, 1, role, large);
    child->references++;
    return backend->table_entry(child->page, PTE_PRESENT | PTE_USER | PTE_ACCESSED | PTE_WRITABLE);
}

/* What an entry of the guest's is in a shadow; whatever it leads to is made. */
static uint64_t translate(struct shadow *shadow, unsigned slot, uint64_t guest)
{
    uint64_t page = (guest & PTE_ADDRESS) >> PAGE_SHIFT;

    if (is_injected(shadow, slot) || is_reserved(shadow, slot)) {
        if (guest & PTE_PRESENT)
            wedge_stop(
                "the guest maps something where the wedge is: level %u, slot %u, entry %016lx",
                shadow->level, slot, guest);
        return injected(shadow, slot);
    }
    if (!(guest & PTE_PRESENT) || guest_entry_reserved(&vcpu_page, guest, shadow->level))
        return fallback(shadow, slot);
    if (shadow->role & ROLE_USER && !(guest & PTE_USER)) {
        if (shadow->role & ROLE_LOWER)
            roots_want_apart();
        return fallback(shadow, slot);
    }
    if (shadow->level == 1) {
        if (!(shadow->role & ROLE_LARGE))
            guest = mark_used(shadow, slot, guest);
        if (!(guest & PTE_ACCESSED))
            return 0; /* until it is used */
        return leaf(shadow, slot, page, guest & PTE_WRITABLE && guest & PTE_DIRTY, guest & PTE_USER,
                    no_execute(guest));
    }
    if (is_large(shadow, guest))
        return page <= UINT32_MAX ? translate_large(shadow, slot, guest) : fallback(shadow, slot);
    return page < backend->own_pages_start ? translate_table(shadow, slot, guest)
                                           : fallback(shadow, slot);
}

/* An entry is no more, or another one: what code was there may become other code, if it was the
 * last that let it be executed. */
static void forget_code(const struct shadow *shadow, uint64_t old)
{
    if (shadow->level == 1 && old & ENTRY_CODE &&
        !shadow_pages[backend->entry_page(old)].executable)
        code_forget(backend->entry_page(old));
}

/* Whether an entry is there for the guest, and no table of the back end's. */
static bool is_guests(const struct shadow *shadow, unsigned slot, uint64_t entry)
{
    return entry & PTE_PRESENT && !is_injected(shadow, slot) && !is_reserved(shadow, slot) &&
           ((fallback(shadow, slot) ^ entry) & PTE_ADDRESS) != 0;
}

struct shadow *shadow_child(const struct shadow *shadow, unsigned slot)
{
    uint64_t entry = shadow_entries(shadow)[slot];

    if (shadow->level == 1 || !is_guests(shadow, slot, entry))
        return NULL;
    return shadow_of_page(backend->entry_page(entry));
}

/* Takes back what an entry of a shadow held. */
static void forget(struct shadow *shadow, unsigned slot, uint64_t entry)
{
    struct shadow *child;

    if (!is_guests(shadow, slot, entry))
        return;
    if (entry & ENTRY_DEVICE)
        return;
    if (shadow->level == 1) {
        protection_remove(backend->entry_page(entry), shadow, slot);
        shadow_pages[backend->entry_page(entry)].executable -= (entry & ENTRY_CODE) != 0;
        return;
    }
    child = shadow_of_page(backend->entry_page(entry));
    if (child)
        shadow_release(child);
}

/* The guest's entry that a slot of a shadow mirrors. */
static uint64_t guest_entry(const struct shadow *shadow, unsigned slot)
{
    if (shadow->role & ROLE_LARGE)
        return ((uint64_t)shadow->guest + slot) << PAGE_SHIFT | PTE_PRESENT | PTE_ACCESSED |
               PTE_DIRTY | (shadow->large & LARGE_USER ? PTE_USER : 0) |
               (shadow->large & LARGE_WRITABLE ? PTE_WRITABLE : 0) |
               (shadow->large & LARGE_NO_EXECUTE ? PTE_NX : 0);
    return shadow_guest_entries(shadow)[slot];
}

static struct shadow *create(uint32_t guest, unsigned level, unsigned role, unsigned large)
{
    struct shadow *shadow = shadow_take(guest);
    struct page *mirrored = shadow_page(guest);

    shadow->level = (uint8_t)level;
    shadow->role = (uint8_t)role;
    shadow->large = (uint8_t)large;
    shadow->building = true;
    memset(shadow_entries(shadow), 0, PAGE_SIZE);
    if (!(role & ROLE_LARGE) && mirrored->tables++ == 0)
        protection_set(mirrored, false);
    for (unsigned slot = 0; slot < ENTRIES; slot++) {
        uint64_t entry = guest_entry(shadow, slot);

        /* Most tables are nearly empty. */
        if (entry & PTE_PRESENT || may_hold_ours(shadow))
            shadow_entries(shadow)[slot] = translate(shadow, slot, entry);
    }
    backend->table_flush(false);
    if (level == LEVELS)
        backend->root_seal(shadow->page);
    else
        backend->table_seal(shadow->page);
    shadow->building = false;
    return shadow;
}

static void destroy(struct shadow *shadow)
{
    struct page *mirrored = shadow_page(shadow->guest);
    bool mirrors = !(shadow->role & ROLE_LARGE);

    backend->table_flush(false);
    if (shadow->level == LEVELS)
        backend->root_open(shadow->page);
    for (unsigned slot = 0; slot < ENTRIES; slot++) {
        uint64_t entry = shadow_entries(shadow)[slot];

        if (!(entry & PTE_PRESENT))
            continue;
        forget(shadow, slot, entry);
        forget_code(shadow, entry);
    }
    if (shadow->level != LEVELS)
        backend->table_open(shadow->page);
    shadow_give(shadow);
    if (mirrors && --mirrored->tables == 0)
        protection_set(mirrored, true);
}

void shadow_release(struct shadow *shadow)
{
    if (--shadow->references == 0)
        destroy(shadow);
}

void shadow_empty(struct shadow *shadow, unsigned slot)
{
    uint64_t old = shadow_entries(shadow)[slot];

    shadow_write_entry(shadow, slot, 0);
    backend->table_flush(false);
    forget(shadow, slot, old);
}

static bool update(struct shadow *shadow, unsigned slot)
{
    const uint64_t compared =
        PTE_PRESENT | PTE_WRITABLE | PTE_ADDRESS | PTE_NX | ENTRY_CODE | ENTRY_USER;
    uint64_t old, new;

    if (is_reserved(shadow, slot)) {
        translate(shadow, slot, guest_entry(shadow, slot));
        return false;
    }
    backend->table_flush(false);
    if (shadow->level == 1) /* the new one may be counted for the same page */
        forget(shadow, slot, shadow_entries(shadow)[slot]);
    new = translate(shadow, slot, guest_entry(shadow, slot));
    backend->table_flush(false); /* making room may have emptied the slot */
    old = shadow_entries(shadow)[slot];
    if (((old ^ new) & compared) == 0 || !((old | new) & PTE_PRESENT)) {
        if (shadow->level > 1)
            forget(shadow, slot, new); /* what translate counted once more */
        return false;
    }
    forget_code(shadow, old);
    shadow_write_entry(shadow, slot, new);
    if (shadow->level > 1) {
        backend->table_flush(false); /* what the old one led to may be freed */
        forget(shadow, slot, old);
    }
    return true;
}

bool shadow_update(struct shadow *shadow, unsigned slot)
{
    bool changed;

    shadow->references++; /* making room must not take it away meanwhile */
    changed = update(shadow, slot);
    shadow_release(shadow);
    return changed;
}

/* --- Changes of the guest's tables --- */

#define SHADOWS_MAX 16

void shadow_written(uint64_t physical_address, size_t size)
{
    uint32_t guest = (uint32_t)(physical_address >> PAGE_SHIFT), list[SHADOWS_MAX];
    unsigned first = physical_address % PAGE_SIZE / 8,
             last = (physical_address % PAGE_SIZE + size - 1) / 8, count = 0;

    for (uint32_t i = shadow_pages[guest].shadows; i; i = shadow_tables[i - 1].next)
        if (shadow_tables[i - 1].level == LEVELS) {
            roots_written(guest);
            break;
        }
    for (uint32_t i = shadow_pages[guest].shadows; i && count < SHADOWS_MAX;
         i = shadow_tables[i - 1].next)
        if (!(shadow_tables[i - 1].role & ROLE_LARGE))
            list[count++] = i - 1;
    for (unsigned i = 0; i < count; i++)
        if (!(shadow_tables[list[i]].role & ROLE_LOWER)) {
            guest_walk_forget();
            break;
        }
    for (unsigned i = 0; i < count; i++)
        for (unsigned slot = first; slot <= last; slot++)
            if (shadow_tables[list[i]].page && shadow_tables[list[i]].guest == guest)
                shadow_update(&shadow_tables[list[i]], slot);
    roots_settle();
}

static uint32_t opened; /* page + 1 */

bool shadow_open(uint64_t page)
{
    if (opened)
        return false;
    opened = (uint32_t)page + 1;
    protection_set(&shadow_pages[page], true);
    backend->table_flush(true);
    return true;
}

void shadow_close(void)
{
    uint64_t page = opened - 1;

    if (!opened)
        return;
    opened = 0;
    protection_set(&shadow_pages[page], false);
    shadow_written(page << PAGE_SHIFT, PAGE_SIZE);
}

/* From a root down to the address. */
static bool refresh(struct shadow *shadow, uint64_t address)
{
    uint64_t emptied = roots_emptied();
    bool changed = false;

    while (shadow) {
        unsigned slot = address >> (PAGE_SHIFT + 9 * (shadow->level - 1)) & 511;

        changed |= shadow_update(shadow, slot);
        if (roots_emptied() != emptied)
            return true;
        backend->table_flush(false);
        shadow = shadow_child(shadow, slot);
    }
    return changed;
}

bool shadow_refresh(struct vcpu *vcpu, uint64_t address)
{
    struct shadow *kernel, *user;
    bool changed;

    if (!(vcpu->cr0 & CR0_PG) || !roots_current(&kernel, &user))
        return false;
    shadow_memory_prepare(); /* while no table is held: those that are cannot be given up */
    roots_current(&kernel, &user);
    wanted = address;
    wants = true;
    changed = refresh(kernel, address);
    changed |= refresh(user, address);
    wants = false;
    roots_settle();
    return changed;
}

bool shadow_use(struct vcpu *vcpu, uint64_t address, bool write)
{
    uint64_t *leaf = guest_leaf(vcpu, address);

    if (leaf)
        *leaf |= PTE_ACCESSED | (write ? PTE_DIRTY : 0);
    return shadow_refresh(vcpu, address);
}
