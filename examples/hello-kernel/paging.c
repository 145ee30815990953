/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 10: page tables.
 *
 * 10.2 How many levels there are, and how large a table is, says paging.h; what an entry means is
 * the same at each. Tables are ordinary pages, edited through the kernel's mapping of physical
 * memory. An entry above the last level allows everything and leaves the decision to the last.
 */
#include "kernel.h"

#define ENTRIES (1 << LEVEL_BITS)
#define LEAF    1
#define LARGE   2

static unsigned long kernel_root;

static unsigned slot(unsigned long address, int level)
{
    return address >> (12 + LEVEL_BITS * (level - 1)) & (ENTRIES - 1);
}

/* Where the kernel's half begins in a table of the top level. */
static unsigned first_kernel_slot(void)
{
    return slot(USER_TOP, TOP_LEVEL);
}

/* The entry for `address` at `level`; tables on the way are made. */
static unsigned long *entry_at(unsigned long root, unsigned long address, int level)
{
    unsigned long *table = phys_to_virt(root);
    unsigned long user = address < USER_TOP ? PTE_USER : 0;

    for (int i = TOP_LEVEL; i > level; i--) {
        unsigned long *entry = &table[slot(address, i)];

        if (!(*entry & PTE_PRESENT))
            *entry = page_alloc() | PTE_PRESENT | PTE_WRITABLE | user;
        CHECK(!(*entry & PTE_LARGE));
        table = phys_to_virt(*entry & PTE_ADDRESS);
    }
    return &table[slot(address, level)];
}

/*
 * 10.3 The processor may keep an entry it has seen present in its TLB until told otherwise. It
 * never keeps one that was not present, so a first mapping needs no invlpg.
 */
void space_map(unsigned long root, unsigned long address, unsigned long page, unsigned long flags)
{
    unsigned long *entry = entry_at(root, address, LEAF);
    bool was_present = *entry & PTE_PRESENT;

    *entry = page | flags | PTE_PRESENT;
    if (was_present)
        invlpg(address);
}

void space_unmap(unsigned long root, unsigned long address)
{
    *entry_at(root, address, LEAF) = 0;
    invlpg(address);
}

/* 10.4 A stretch of the kernel's image or of RAM, with large pages where they fit. */
static void map_kernel(unsigned long from, unsigned long to, unsigned long flags)
{
    flags |= PTE_PRESENT | PTE_GLOBAL;
    while (from < to) {
        unsigned long address = from + KERNEL_BASE;

        if (from % LARGE_PAGE_SIZE == 0 && to - from >= LARGE_PAGE_SIZE) {
            *entry_at(kernel_root, address, LARGE) = from | flags | PTE_LARGE;
            from += LARGE_PAGE_SIZE;
        } else {
            *entry_at(kernel_root, address, LEAF) = from | flags;
            from += PAGE_SIZE;
        }
    }
}

/*
 * 10.5 The tables of boot.S mapped everything writable and executable, twice. These map each part
 * of the image as what it is, RAM above as data, and nothing at 0. Loading CR3 drops the identity
 * map from the TLB; only then may PGE come on, after which our global entries survive such loads.
 */
void paging_init(void)
{
    CHECK(paging_features());

    kernel_root = page_alloc();
    map_kernel(virt_to_phys(text_start), virt_to_phys(text_end), 0);
    map_kernel(virt_to_phys(rodata_start), virt_to_phys(rodata_end), PTE_NX);
    map_kernel(virt_to_phys(data_start), virt_to_phys(data_end), PTE_WRITABLE | PTE_NX);
    map_kernel(virt_to_phys(user_image), virt_to_phys(image_end), PTE_NX);
    map_kernel(virt_to_phys(image_end), memory_end(), PTE_WRITABLE | PTE_NX);
    /* The table for the window exists from the start, so that all spaces share it. */
    entry_at(kernel_root, KERNEL_WINDOW, LEAF);

    write_cr3(kernel_root);
    write_cr4(read_cr4() | CR4_PGE);
}

unsigned long kernel_space(void)
{
    return kernel_root;
}

/* 10.6 An address space: nothing in the user half, the kernel's own tables in the other. */
unsigned long space_create(void)
{
    unsigned long root = page_alloc();
    unsigned long *table = phys_to_virt(root);
    const unsigned long *kernel_table = phys_to_virt(kernel_root);

    for (unsigned i = first_kernel_slot(); i < ENTRIES; i++)
        table[i] = kernel_table[i];
    return root;
}

/* Gives back the tables below `table`, and the pages in the last ones that are private. */
static void free_tables(unsigned long *table, int level, unsigned entries)
{
    for (unsigned i = 0; i < entries; i++) {
        if (!(table[i] & PTE_PRESENT))
            continue;
        unsigned long page = table[i] & PTE_ADDRESS;

        if (level > LEAF)
            free_tables(phys_to_virt(page), level - 1, ENTRIES);
        if (level > LEAF || table[i] & PTE_PRIVATE)
            page_free(page);
    }
}

/* Frees what the user half holds: tables, and pages mapped with PTE_PRIVATE. Not the CR3 in use. */
void space_destroy(unsigned long root)
{
    CHECK(root != read_cr3());
    free_tables(phys_to_virt(root), TOP_LEVEL, first_kernel_slot());
    page_free(root);
}
