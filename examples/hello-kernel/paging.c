/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 10: page tables.
 *
 * 10.1 Four levels of 512 entries; 9 bits of an address choose the entry at each. Tables are
 * ordinary pages, edited through the kernel's mapping of physical memory. An entry above the
 * last level allows everything and leaves the decision to the last.
 */
#include "kernel.h"

#define ENTRIES   512
#define TOP_LEVEL 4
#define LEAF      1
#define LARGE     2

static uint64_t kernel_root;

static unsigned slot(uint64_t address, int level)
{
    return address >> (12 + 9 * (level - 1)) & (ENTRIES - 1);
}

/* The entry for `address` at `level`; tables on the way are made. */
static uint64_t *entry_at(uint64_t root, uint64_t address, int level)
{
    uint64_t *table = phys_to_virt(root);
    uint64_t user = address < USER_TOP ? PTE_USER : 0;

    for (int i = TOP_LEVEL; i > level; i--) {
        uint64_t *entry = &table[slot(address, i)];

        if (!(*entry & PTE_PRESENT))
            *entry = page_alloc() | PTE_PRESENT | PTE_WRITABLE | user;
        CHECK(!(*entry & PTE_LARGE));
        table = phys_to_virt(*entry & PTE_ADDRESS);
    }
    return &table[slot(address, level)];
}

/*
 * 10.2 The processor may keep an entry it has seen present in its TLB until told otherwise. It
 * never keeps one that was not present, so a first mapping needs no invlpg.
 */
void space_map(uint64_t root, uint64_t address, uint64_t page, uint64_t flags)
{
    uint64_t *entry = entry_at(root, address, LEAF);
    bool was_present = *entry & PTE_PRESENT;

    *entry = page | flags | PTE_PRESENT;
    if (was_present)
        invlpg(address);
}

void space_unmap(uint64_t root, uint64_t address)
{
    *entry_at(root, address, LEAF) = 0;
    invlpg(address);
}

/* 10.3 A stretch of the kernel's image or of RAM, with large pages where they fit. */
static void map_kernel(uint64_t from, uint64_t to, uint64_t flags)
{
    flags |= PTE_PRESENT | PTE_GLOBAL;
    while (from < to) {
        uint64_t address = from + KERNEL_BASE;

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
 * 10.4 The tables of boot.S mapped everything writable and executable, twice. These map each part
 * of the image as what it is, RAM above as data, and nothing at 0. Loading CR3 drops the identity
 * map from the TLB; only then may PGE come on, after which our global entries survive such loads.
 */
void paging_init(void)
{
    uint32_t features = cpuid_edx(CPUID_EXTENDED);

    CHECK(features & CPUID_EDX_NX);
    write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_NXE);

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

uint64_t kernel_space(void)
{
    return kernel_root;
}

/* 10.5 An address space: nothing in the user half, the kernel's own tables in the other. */
uint64_t space_create(void)
{
    uint64_t root = page_alloc();
    uint64_t *table = phys_to_virt(root);
    const uint64_t *kernel_table = phys_to_virt(kernel_root);

    for (unsigned i = ENTRIES / 2; i < ENTRIES; i++)
        table[i] = kernel_table[i];
    return root;
}

/* Gives back the tables below `table`, and the pages in the last ones that are private. */
static void free_tables(uint64_t *table, int level, unsigned entries)
{
    for (unsigned i = 0; i < entries; i++) {
        if (!(table[i] & PTE_PRESENT))
            continue;
        uint64_t page = table[i] & PTE_ADDRESS;

        if (level > LEAF)
            free_tables(phys_to_virt(page), level - 1, ENTRIES);
        if (level > LEAF || table[i] & PTE_PRIVATE)
            page_free(page);
    }
}

/* Frees what the user half holds: tables, and pages mapped with PTE_PRIVATE. Not the CR3 in use. */
void space_destroy(uint64_t root)
{
    CHECK(root != read_cr3());
    free_tables(phys_to_virt(root), TOP_LEVEL, ENTRIES / 2);
    page_free(root);
}
