/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: table pages become data and data pages tables all the time, and nobody says so.
 * Expected: a page that was a table can be written as data and changes no mapping; a page full of
 * what looks like entries becomes a table with them at once; a page that is table and data at the
 * same time is both; the same page as a table of two levels works. */
#include "guest.h"

#define PLACE 0x10000000ul

void test(void)
{
    uint64_t table = page_new(), other = page_new(), a = page_new(), b = page_new();
    volatile uint64_t *entry, *entries = at(table);

    *(uint64_t *)at(a) = 0xaaaa;
    *(uint64_t *)at(b) = 0xbbbb;
    map(PLACE, a, 0);
    entry = entry_in(kernel_root, PLACE, 2);
    entries[0] = a | PTE_P | PTE_W;
    entries[1] = b | PTE_P | PTE_W;
    *entry = table | PTE_P | PTE_W;
    invlpg(PLACE);
    read_at("a table that was data", PLACE);
    read_at("its second", PLACE + PAGE_SIZE);
    *entry = other | PTE_P | PTE_W;
    cr3_write(cr3_read());
    read_at("another, empty", PLACE);
    entries[0] = 0x1234;
    entries[5] = 0x5678;
    show("the first is data", entries[0] + entries[5]);
    ((volatile uint64_t *)at(other))[0] = b | PTE_P | PTE_W;
    read_at("the other's first", PLACE);
    for (unsigned i = 0; i < 20; i++) {
        memset((void *)entries, 0, PAGE_SIZE);
        entries[i] = (i & 1 ? a : b) | PTE_P | PTE_W;
        *entry = table | PTE_P | PTE_W;
        cr3_write(cr3_read());
        TRY("movq (%0), %%rax", ::"r"(PLACE + i * PAGE_SIZE) : "rax");
        if (fault.frame.vector != NO_FAULT ||
            *(uint64_t *)(PLACE + i * PAGE_SIZE) != (i & 1 ? 0xaaaa : 0xbbbb))
            give_up("round %u", i);
        *entry = 0;
        cr3_write(cr3_read());
        TRY("movq (%0), %%rax", ::"r"(PLACE + i * PAGE_SIZE) : "rax");
        if (fault.frame.vector != 14)
            give_up("round %u, off", i);
        memset((void *)entries, 0xff, PAGE_SIZE);
    }
    print("20 rounds\n");

    /* A table that is mapped, too: read-only and writable. */
    memset((void *)entries, 0, PAGE_SIZE);
    entries[0] = table | PTE_P | PTE_W;
    entries[1] = a | PTE_P | PTE_W;
    *entry = table | PTE_P | PTE_W;
    cr3_write(cr3_read());
    show("a table that maps itself", ((volatile uint64_t *)PLACE)[1] == entries[1]);
    ((volatile uint64_t *)PLACE)[2] = b | PTE_P | PTE_W;
    read_at("written through itself", PLACE + 2 * PAGE_SIZE);
    ((volatile uint64_t *)PLACE)[1] = 0;
    invlpg(PLACE + PAGE_SIZE);
    read_at("taken away through itself", PLACE + PAGE_SIZE);

    /* A code page among them. */
    *(uint8_t *)at(a) = 0xc3;
    entries[3] = a | PTE_P | PTE_W;
    TRY("call *%0", ::"r"(PLACE + 3 * PAGE_SIZE) : "memory");
    outcome("a call there");
    entries[3] = a | PTE_P | PTE_W | PTE_NX;
    invlpg(PLACE + 3 * PAGE_SIZE);
    fault.frame.vector = NO_FAULT;
    show("and NX", entries[3] >> 63);
    *entry = 0;
    cr3_write(cr3_read());
}
