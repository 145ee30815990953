/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: page tables are the guest's, but what the processor walks are others; the two must never be
 * seen to differ.
 * Expected: a page is where the tables say as soon as the architecture promises it: at once when
 * nothing was there, after invlpg or a load of CR3 when something was. Error codes and CR2 are
 * exact; accesses across pages see each. */
#include "guest.h"

static volatile uint64_t *const page = (uint64_t *)WINDOW, *const next =
                                                               (uint64_t *)(WINDOW + PAGE_SIZE);

static void write_at(const char *name, uint64_t address, uint64_t value)
{
    TRY("movq %0, (%1)", ::"r"(value), "r"(address) : "memory");
    outcome(name);
}

void test(void)
{
    uint64_t a = page_new(), b = page_new(), *entry;

    *(uint64_t *)at(a) = 0xaaaa;
    *(uint64_t *)at(b) = 0xbbbb;
    read_at("nothing", WINDOW);
    write_at("nothing", WINDOW, 1);
    map(WINDOW, a, PTE_P | PTE_W);
    read_at("mapped, without a flush", WINDOW);
    write_at("write", WINDOW + 8, 0x1111);
    show("seen elsewhere", ((uint64_t *)at(a))[1]);
    map(WINDOW + PAGE_SIZE, a, PTE_P | PTE_W);
    next[1] = 0x2222;
    show("the same page twice", page[1]);
    map(WINDOW, b, PTE_P | PTE_W);
    invlpg(WINDOW);
    read_at("another page and invlpg", WINDOW);
    map(WINDOW, a, PTE_P | PTE_W);
    cr3_write(cr3_read());
    read_at("another page and a load of CR3", WINDOW);
    unmap(WINDOW);
    read_at("unmapped", WINDOW);
    write_at("unmapped", WINDOW + 0xff8, 1);
    map(WINDOW, b, PTE_P);
    read_at("read-only", WINDOW);
    write_at("write to it", WINDOW + 0x10, 5);
    map(WINDOW, b, PTE_P | PTE_W);
    write_at("made writable, without a flush", WINDOW + 0x10, 5);
    show("written", ((uint64_t *)at(b))[2]);
    map(WINDOW, b, PTE_P);
    invlpg(WINDOW);
    write_at("made read-only", WINDOW + 0x10, 6);
    show("still", ((uint64_t *)at(b))[2]);

    map(WINDOW, b, PTE_P | PTE_W);
    invlpg(WINDOW);
    *(uint32_t *)((uint64_t)at(b) + 0xffc) = 0x11223344;
    *(uint32_t *)at(a) = 0x55667788;
    read_at("across two pages", WINDOW + 0xffc);
    unmap(WINDOW + PAGE_SIZE);
    read_at("across the end", WINDOW + 0xffc);
    write_at("write across the end", WINDOW + 0xffc, 0);
    show("nothing of it is written", *(uint32_t *)((uint64_t)at(b) + 0xffc));

    /* Away with whole tables. */
    entry = entry_in(kernel_root, WINDOW, 2);
    *(volatile uint64_t *)entry = *entry & ~PTE_P;
    invlpg(WINDOW);
    read_at("without its table", WINDOW);
    *(volatile uint64_t *)entry |= PTE_P;
    read_at("with it again", WINDOW);
    entry = entry_in(kernel_root, WINDOW, 3);
    *(volatile uint64_t *)entry = *entry & ~PTE_P;
    cr3_write(cr3_read());
    read_at("without the table above", WINDOW);
    *(volatile uint64_t *)entry |= PTE_P;
    read_at("with it again", WINDOW);
    *(volatile uint64_t *)entry &= ~PTE_W;
    invlpg(WINDOW);
    write_at("read-only above", WINDOW, 1);
    read_at("read", WINDOW);
    *(volatile uint64_t *)entry |= PTE_W;
    invlpg(WINDOW);
    write_at("and writable again", WINDOW + 0x20, 1);

    for (unsigned i = 0; i < 600; i++)
        map(0xffffe00000000000 + i * PAGE_SIZE, i & 1 ? a : b, PTE_P | PTE_W);
    read_at("a new table's first", 0xffffe00000000000);
    read_at("and the next one's last", 0xffffe00000000000 + 599 * PAGE_SIZE);
    map(0x7ffffffff000, a, PTE_P | PTE_W);
    read_at("the last page of the lower half", 0x7ffffffff000);
    read_at("across its end", 0x7ffffffffffc);
    map(0xffff880000000000, b, PTE_P | PTE_W);
    read_at("in the upper half", 0xffff880000000000);
}
