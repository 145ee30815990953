/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs before the wedge is where it is linked: copies it to the end of memory, where the guest will
 * not look, and makes the tables that show it in the window, and all memory at WEDGE_PHYSICAL. Code
 * here must not use absolute addresses (pointers in initialized data), and has no console but
 * Xen's.
 *
 * Page tables are made one at a time, through a page of ours that is mapped to the table's frame
 * for the moment: the pages at the end of memory are not mapped by the domain builder.
 */
#include "afterburn/image.h"
#include "wedge/bind.h"
#include "wedge/boot.h"
#include "wedge/layout.h"
#include "wedge/memory.h"
#include "wedge/string.h"
#include "xen-console.h"

struct xen_boot xen_boot;

static uint64_t window[512] __attribute__((aligned(PAGE_SIZE)));

#define TABLE_FLAGS (PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_ACCESSED)
/* Not user mode's: Xen lets those stay in the TLB over its switches between the two. */
#define PAGE_FLAGS   (PTE_PRESENT | PTE_WRITABLE | PTE_ACCESSED | PTE_DIRTY)
#define READ_ONLY    (PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY)
#define SHADOW_SHARE 16 /* one page in so many is for shadow tables, if the image says nothing */
#define SHADOW_MIN   1024
#define LAST_SLOT    511
#define SHARED_PAGES 2 /* with the first domain: a console, a store */

struct early {
    const struct xen_start_info *start;
    uint64_t *p2m;
    uint64_t next; /* page to take */
};

static const struct xen_start_info *start_info;

/* Xen's console is the first domain's; of another its own is mapped for the moment. */
static void __attribute__((noreturn)) give_up(const char *text, size_t length)
{
    uint32_t reason = XEN_SHUTDOWN_CRASH;

    if (start_info->flags & XEN_SIF_FIRST_DOMAIN)
        XEN_HYPERCALL(XEN_CONSOLE_IO, XEN_CONSOLEIO_WRITE, length, text, 0);
    else if (!XEN_HYPERCALL(XEN_UPDATE_VA_MAPPING, window,
                            start_info->console_mfn << PAGE_SHIFT | PAGE_FLAGS, XEN_UVMF_INVLPG, 0))
        xen_ring_say((struct xen_ring *)window, start_info->console_evtchn, text, length);
    for (;;)
        XEN_HYPERCALL(XEN_SCHED_OP, XEN_SCHEDOP_SHUTDOWN, &reason, 0, 0);
}
#define GIVE_UP(text)                                                                              \
    give_up("wedge: stopped: " text "\r\n", sizeof("wedge: stopped: " text "\r\n") - 1)

static uint64_t page_of(const void *address)
{
    return ((uint64_t)address - XEN_VIRT_BASE) >> PAGE_SHIFT;
}

/* Shows a page in the window. */
static uint64_t *show(const struct early *early, uint64_t page)
{
    if (XEN_HYPERCALL(XEN_UPDATE_VA_MAPPING, window, early->p2m[page] << PAGE_SHIFT | PAGE_FLAGS,
                      XEN_UVMF_INVLPG, 0))
        GIVE_UP("a page of the wedge's own memory cannot be mapped");
    return window;
}

static uint64_t *begin_table(struct early *early, uint64_t *page)
{
    *page = early->next++;
    return memset(show(early, *page), 0, PAGE_SIZE);
}

static uint64_t entry(const struct early *early, uint64_t page, uint64_t flags)
{
    return early->p2m[page] << PAGE_SHIFT | flags;
}

/* The whole of memory; pages that are tables read-only, as Xen wants it. `tables_end`: of the
 * wedge's own pages those before it will be tables. */
static uint64_t map_physical(struct early *early, uint64_t tables_end)
{
    uint64_t count = xen_boot.page_count, large = (count + 511) / 512, upper = (large + 511) / 512,
             first = early->next, page;

    for (uint64_t i = 0; i < large; i++) {
        uint64_t *table = begin_table(early, &page);

        for (uint64_t k = i * 512; k < (i + 1) * 512 && k < count; k++) {
            bool table_page = (k >= xen_boot.own_pages_start && k < tables_end) ||
                              k - xen_boot.tables_page < xen_boot.tables;

            table[k % 512] = entry(early, k, table_page ? READ_ONLY : PAGE_FLAGS);
        }
    }
    for (uint64_t i = 0; i < upper; i++) {
        uint64_t *table = begin_table(early, &page);

        for (uint64_t k = i * 512; k < (i + 1) * 512 && k < large; k++)
            table[k % 512] = entry(early, first + k, TABLE_FLAGS);
    }
    {
        uint64_t *table = begin_table(early, &page);

        for (uint64_t i = 0; i < upper; i++)
            table[i] = entry(early, first + large + i, TABLE_FLAGS);
    }
    return page;
}

/* Xen's own table of level 2 under the last gigabyte but one, where we run. */
static uint64_t boot_table(const struct early *early)
{
    const uint64_t *table = (const uint64_t *)early->start->pt_base;

    for (int level = 4; level > 2; level--) {
        uint64_t entry = table[XEN_VIRT_BASE >> (PAGE_SHIFT + 9 * (level - 1)) & 511],
                 frame = (entry & PTE_ADDRESS) >> PAGE_SHIFT;
        uint64_t page = xen_boot.tables_page;

        while (page < xen_boot.tables_page + xen_boot.tables && early->p2m[page] != frame)
            page++;
        if (page == xen_boot.tables_page + xen_boot.tables)
            GIVE_UP("Xen's boot tables are not where start_info says");
        if (level == 3)
            return page;
        table = (const uint64_t *)(XEN_VIRT_BASE + (page << PAGE_SHIFT));
    }
    return 0;
}

static void map_window(struct early *early, uint64_t image)
{
    uint64_t pages = xen_boot.window_pages + 1,
             count = (pages + 511) / 512; /* one behind it for what Xen shares */
    uint64_t *table;

    if (count > 4)
        GIVE_UP("the wedge and its tables are larger than their window");
    for (uint64_t i = 0; i < count; i++) {
        table = begin_table(early, &xen_boot.window_tables[i]);
        for (uint64_t k = i * 512; k < (i + 1) * 512 && k < pages - 1; k++)
            table[k % 512] = entry(early, image + k, PAGE_FLAGS);
        if ((pages - 1) / 512 == i)
            table[(pages - 1) % 512] = early->start->shared_info | PAGE_FLAGS;
    }
    table = begin_table(early, &xen_boot.window_table);
    for (uint64_t i = 0; i < count; i++)
        table[(WEDGE_WINDOW >> 21 & 511) + i] =
            entry(early, xen_boot.window_tables[i], TABLE_FLAGS);
    table = begin_table(early, &xen_boot.last_table);
    for (uint64_t i = 0; i < count; i++)
        table[(WEDGE_WINDOW_ALIAS >> 21 & 511) + i] =
            entry(early, xen_boot.window_tables[i], TABLE_FLAGS);
    table = begin_table(early, &xen_boot.top_table);
    table[WEDGE_WINDOW >> 30 & 511] = entry(early, xen_boot.window_table, TABLE_FLAGS);
    table[XEN_VIRT_BASE >> 30 & 511] = entry(early, boot_table(early), TABLE_FLAGS);
    table[LAST_SLOT] = entry(early, xen_boot.last_table, TABLE_FLAGS);
}

static void copy_pages(const struct early *early, uint64_t page, const void *from, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        memcpy(show(early, page + i), (const uint8_t *)from + i * PAGE_SIZE, PAGE_SIZE);
}

/* The wedge's share of memory: shadow tables, what is known of each of them and of each page, and
 * what this file makes. */
static uint64_t own_pages(uint64_t count)
{
    uint64_t shadows = wedge_image.shadow_pages ? wedge_image.shadow_pages : count / SHADOW_SHARE;
    uint64_t window = (wedge_image.wedge_end - WEDGE_WINDOW) >> PAGE_SHIFT;
    uint64_t tables = count / 512 + count / (512 * 512) + window / 512 + 16, list = count / 512 + 1;

    if (!wedge_image.shadow_pages && shadows < SHADOW_MIN)
        shadows = SHADOW_MIN;
    return shadows + window + tables + list + SHARED_PAGES + wedge_memory_overhead(count, shadows);
}

/* The page behind all that the domain builder put into memory. */
static uint64_t loaded_end(const struct xen_start_info *start)
{
    uint64_t ends[] = {
        start->mfn_list + start->nr_pages * 8,
        start->pt_base + (start->nr_pt_frames << PAGE_SHIFT),
        (uint64_t)start + PAGE_SIZE,
        start->flags & XEN_SIF_MOD_START_PFN ? 0 : start->mod_start + start->mod_len,
    };
    uint64_t end = 0;

    for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        if (ends[i] > end)
            end = ends[i];
    return (end - XEN_VIRT_BASE + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

static void set_page(const struct early *early, uint64_t page, uint64_t frame)
{
    struct xen_mmu_update update = {frame << PAGE_SHIFT | XEN_MMU_MACHPHYS_UPDATE, page};

    early->p2m[page] = frame;
    if (XEN_HYPERCALL(XEN_MMU_UPDATE, &update, 1, 0, XEN_DOMID_SELF))
        GIVE_UP("Xen refuses a page another number");
}

/* What the first domain writes to must not be the guest's memory: such a frame changes places with
 * one of ours. */
static void share_page(const struct early *early, uint64_t page, uint64_t frame)
{
    uint64_t old = ((const uint64_t *)XEN_MACHINE_TO_PHYSICAL)[frame], other = early->p2m[page];

    if (old >= xen_boot.page_count || early->p2m[old] != frame)
        GIVE_UP("a page that Xen's tools share is none of the domain's");
    set_page(early, page, frame);
    set_page(early, old, other);
}

static void share_pages(const struct early *early, uint64_t shared)
{
    xen_boot.first_domain = early->start->flags & XEN_SIF_FIRST_DOMAIN;
    if (xen_boot.first_domain)
        return;
    share_page(early, shared, early->start->console_mfn);
    share_page(early, shared + 1, early->start->store_mfn);
    xen_boot.console_page = shared;
    xen_boot.console_channel = early->start->console_evtchn;
}

void xen_early(const struct xen_start_info *start);

void xen_early(const struct xen_start_info *start)
{
    struct early early = {.start = start, .p2m = (uint64_t *)start->mfn_list};
    const uint8_t *image = (const uint8_t *)&vcpu_page; /* the wedge's first byte */
    uint64_t count = start->nr_pages, own, tables_end, copy, list, shared, *root;
    struct xen_mmuext_op operations[2];

    start_info = start;
    own = own_pages(count);
    if (count < 2 * own)
        GIVE_UP("not enough memory: the domain needs 16 MB and more; dom0_mem=, or memory= of its "
                "configuration, sets it");
    if (loaded_end(start) > count - own)
        GIVE_UP("not enough memory: what Xen loaded, the initial RAM disk above all, reaches into "
                "the wedge's share; dom0_mem=, or memory= of its configuration, sets more");
    xen_boot.page_count = count;
    xen_boot.own_pages_start = count - own;
    xen_boot.start_info_page = page_of(start);
    xen_boot.tables_page = page_of((const void *)start->pt_base);
    xen_boot.tables = start->nr_pt_frames;
    xen_boot.window_pages = (wedge_image.wedge_end - WEDGE_WINDOW) >> PAGE_SHIFT;
    early.next = xen_boot.own_pages_start;

    /* First the tables, as many as there will be; then copies of the wedge and of the list of
     * frames. */
    tables_end = early.next + (count + 511) / 512 + (count / 512 + 511) / 512 + 1 + 1 +
                 (xen_boot.window_pages + 512) / 512 + 3 + 1;
    copy = tables_end;
    list = copy + xen_boot.window_pages;
    xen_boot.p2m_page = list;
    shared = list + (count * 8 + PAGE_SIZE - 1) / PAGE_SIZE;
    xen_boot.free_pages_start = shared + SHARED_PAGES;
    share_pages(&early, shared);
    xen_boot.physical_table = map_physical(&early, tables_end);
    map_window(&early, copy);
    root = begin_table(&early, &xen_boot.identity_root);
    root[0] = root[WEDGE_PHYSICAL >> 39 & 511] =
        entry(&early, xen_boot.physical_table, TABLE_FLAGS);
    root[LAST_SLOT] = entry(&early, xen_boot.top_table, TABLE_FLAGS);
    if (early.next > tables_end)
        GIVE_UP("more boot tables than were counted");
    copy_pages(&early, list, early.p2m, shared - list);
    copy_pages(&early, copy, image, xen_boot.window_pages);
    show(&early, xen_boot.free_pages_start); /* no table may stay writable */

    operations[0] = (struct xen_mmuext_op){.command = XEN_MMUEXT_PIN_L4,
                                           .argument1 = early.p2m[xen_boot.identity_root]};
    operations[1] = (struct xen_mmuext_op){.command = XEN_MMUEXT_NEW_BASE,
                                           .argument1 = early.p2m[xen_boot.identity_root]};
    if (XEN_HYPERCALL(XEN_MMUEXT_OP, operations, 2, 0, XEN_DOMID_SELF))
        GIVE_UP("Xen refuses the wedge's first tables");
}
