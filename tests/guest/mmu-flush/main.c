/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: invlpg, loads of CR3 and changes of CR4.PGE say which translations must be forgotten; a
 * place that keeps one too long shows a page that is another's by now. Expected: after each of them
 * the new page is seen, global or not, and by user mode as well. */
#include "guest.h"

#define PLACE 0x10000000ul

static uint64_t pages[2];
static unsigned turn;

USER_CODE(user_read, "movq (%rdi), %rax; ud2");

static void change(uint64_t flags)
{
    turn ^= 1;
    map(PLACE, pages[turn], PTE_P | PTE_W | PTE_U | flags);
}

static void look(const char *name)
{
    struct frame frame;
    uint64_t kernel = *(volatile uint64_t *)PLACE;

    user_prepare(&frame, user_read);
    frame.rdi = PLACE;
    user_run(&frame);
    print("%s: %s, user mode %s\n", name, kernel == turn ? "new" : "OLD",
          frame.vector != 6   ? "FAULTS"
          : frame.rax == turn ? "new"
                              : "OLD");
}

void test(void)
{
    uint64_t cr4 = cr4_read();

    pages[0] = page_new();
    pages[1] = page_new();
    *(uint64_t *)at(pages[1]) = 1;
    change(0);
    look("first");
    change(0);
    invlpg(PLACE);
    look("invlpg");
    change(0);
    invlpg(PLACE + 0x123);
    look("invlpg in the middle of the page");
    change(0);
    cr3_write(cr3_read());
    look("CR3");
    cr4_write(cr4 | 0x80);
    change(PTE_G);
    invlpg(PLACE);
    look("global, invlpg");
    change(PTE_G);
    cr4_write(cr4);
    cr4_write(cr4 | 0x80);
    look("global, PGE off and on");
    change(0);
    invlpg(PLACE);
    look("no longer global, invlpg");
    change(0);
    cr4_write(cr4);
    look("PGE off");
    change(0);
    cr0_write(cr0_read() ^ 0x10000);
    cr3_write(cr3_read());
    cr0_write(cr0_read() ^ 0x10000);
    look("WP off, CR3, and on");
    for (unsigned i = 0; i < 500; i++) {
        change(0);
        invlpg(PLACE);
        if (*(volatile uint64_t *)PLACE != turn)
            give_up("round %u", i);
    }
    print("500 rounds\n");
}
