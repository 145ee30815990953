/* SPDX-License-Identifier: BSD-2-Clause */
/* What the programs that write to page tables share: an entry that leads to either of two pages,
 * and a store under test that turns it over. */
#ifndef GUEST_STORES_H
#define GUEST_STORES_H

#include "guest.h"

#define PLACE 0x10000000ul

static uint64_t pages[2];
static volatile uint64_t *entry;
static unsigned turn;

/* Entries for either page; `old` is what is there, `new` what the store under test has to write. */
static uint64_t old, new;

static void begin(void)
{
    turn ^= 1;
    old = pages[turn] | PTE_P | PTE_W;
    new = pages[!turn] | PTE_P | PTE_W;
    *entry = old;
    invlpg(PLACE);
    if (*(volatile uint64_t *)PLACE != turn)
        give_up("the page is not there before");
}

static void end(const char *name)
{
    uint64_t now = *entry & ~(PTE_A | PTE_D), seen;

    invlpg(PLACE);
    seen = *(volatile uint64_t *)PLACE;
    print("%s: %s%s\n", name, now == new ? "" : "WRONG ENTRY ",
          seen == !turn ? "ok" : "WRONG PAGE");
}

#define STORE(name, text, ...)                                                                     \
    do {                                                                                           \
        begin();                                                                                   \
        asm volatile(text __VA_ARGS__);                                                            \
        end(name);                                                                                 \
    } while (0)

static inline void stores_start(void)
{
    pages[0] = page_new();
    pages[1] = page_new();
    *(uint64_t *)at(pages[1]) = 1;
    map(PLACE, pages[0], PTE_P | PTE_W);
    entry = entry_in(kernel_root, PLACE, 1);
}

#endif
