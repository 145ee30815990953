/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: modules come and go, on pages that are not neighbours in memory, and their sites are bound
 * when they first run. Expected: code with records runs, wherever its pages are, also where a site
 * begins with the last byte of one; it runs again after it was not executable for a while, and
 * when one of two addresses is gone; what is on the pages afterwards is what was written there, and
 * pages that only follow in memory are not touched. */
#include "afterburn/record.h"
#include "afterburn/sensitive.h"
#include "guest.h"

#define CODE_PAGES 2
#define RECORDS    (WINDOW + CODE_PAGES * PAGE_SIZE)
#define ALIAS      (WINDOW + 16 * PAGE_SIZE)
#define FIRST      0x100 /* a function on the first page */
#define CROSSING   0xffe /* another; its site begins with the page's last byte */
#define NONE       AFTERBURN_REGISTER_NONE

/* nop; pushfq with a pad; popq %rax; ret */
static const uint8_t code[] = {0x90, 0x9c, 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00, 0x58, 0xc3};
#define SITE 1
#define SPAN 7

static uint64_t frames[CODE_PAGES + 1], neighbours[CODE_PAGES];

static uint64_t flags_by(uint64_t address)
{
    uint64_t (*function)(void) = (uint64_t(*)(void))address;

    return function();
}

static void add_record(unsigned index, uint64_t site)
{
    struct afterburn_header *header = (struct afterburn_header *)RECORDS;
    struct afterburn_record *record = (struct afterburn_record *)(header + 1) + index;

    *header = (struct afterburn_header){
        .magic = AFTERBURN_MAGIC,
        .version = AFTERBURN_VERSION,
        .record_size = sizeof(*record),
        .size = (index + 1) * (uint32_t)sizeof(*record),
    };
    *record = (struct afterburn_record){
        .site = (int32_t)(site - (uint64_t)&record->site),
        .span = SPAN,
        .length = 1,
        .bits = 64,
        .kind = SENSITIVE_pushf,
        .width = 8,
        .reg = NONE,
        .reg2 = NONE,
        .special = NONE,
        .base = NONE,
        .index = NONE,
        .segment = NONE,
        .address_width = 8,
    };
}

static void try(const char *name, uint64_t address)
{
    asm volatile("sti" ::: "memory");
    print("%s: IF 0x%lx", name, flags_by(address) & FLAG_IF);
    asm volatile("cli" ::: "memory");
    print(", 0x%lx\n", flags_by(address) & FLAG_IF);
}

static bool is_whole(uint64_t frame, unsigned offset, unsigned from, unsigned size)
{
    return memcmp((uint8_t *)at(frame) + offset, code + from, size) == 0;
}

void test(void)
{
    bool clean = true;

    for (unsigned i = 0; i < CODE_PAGES; i++) {
        frames[CODE_PAGES - 1 - i] = page_new(); /* descending */
        neighbours[i] = page_new();
        memset(at(neighbours[i]), 0x77, PAGE_SIZE);
    }
    frames[CODE_PAGES] = page_new();
    for (unsigned i = 0; i <= CODE_PAGES; i++) {
        map(WINDOW + i * PAGE_SIZE, frames[i], PTE_P | PTE_W | (i == CODE_PAGES ? PTE_NX : 0));
        memset((void *)(WINDOW + i * PAGE_SIZE), i == CODE_PAGES ? 0 : 0x90, PAGE_SIZE);
    }
    memcpy((void *)(WINDOW + FIRST), code, sizeof(code));
    memcpy((void *)(WINDOW + CROSSING), code, sizeof(code));
    add_record(0, WINDOW + FIRST + SITE);
    add_record(1, WINDOW + CROSSING + SITE);

    try("with a record", WINDOW + FIRST);
    try("over the end of a page", WINDOW + CROSSING);
    for (unsigned i = 0; i < CODE_PAGES; i++)
        for (unsigned k = 0; k < PAGE_SIZE; k++)
            clean = clean && ((uint8_t *)at(neighbours[i]))[k] == 0x77;
    check("the neighbours in memory are as they were", clean);

    *entry_in(kernel_root, WINDOW, 1) |= PTE_NX;
    invlpg(WINDOW);
    check("the first page as it was written",
          is_whole(frames[0], FIRST, 0, sizeof(code)) && is_whole(frames[0], CROSSING, 0, 2));
    *entry_in(kernel_root, WINDOW, 1) &= ~PTE_NX;
    invlpg(WINDOW);
    try("executable again", WINDOW + FIRST);
    try("over the end of the page", WINDOW + CROSSING);

    for (unsigned i = 0; i < CODE_PAGES; i++)
        map(ALIAS + i * PAGE_SIZE, frames[i], PTE_P);
    try("at another address", ALIAS + FIRST);
    unmap(ALIAS);
    try("at the first, the other gone", WINDOW + FIRST);
    unmap(WINDOW);
    unmap(WINDOW + PAGE_SIZE);
    unmap(ALIAS + PAGE_SIZE);
    check("both pages as they were written", is_whole(frames[0], FIRST, 0, sizeof(code)) &&
                                                 is_whole(frames[0], CROSSING, 0, 2) &&
                                                 is_whole(frames[1], 0, 2, sizeof(code) - 2));
}
