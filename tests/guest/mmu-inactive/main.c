/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: kernels build and change address spaces that are not in use, and expect them to be as built
 * when they are loaded; tables are shared between spaces and change for all. Expected: what was
 * written to the tables of a root that is not loaded holds when it is, however often; tables of the
 * kernel's half that all roots share show in each; a root that is torn down and made again from the
 * same pages is the new one. */
#include "guest.h"

#define PLACE 0x10000000ul

static uint64_t value(void)
{
    uint64_t result = 0;

    TRY("movq (%1), %0", : "+r"(result) : "r"(PLACE) : "memory");
    return fault.frame.vector == NO_FAULT ? result : 0xfa017;
}

static void set(uint64_t root, uint64_t page)
{
    *(volatile uint64_t *)entry_in(root, PLACE, 1) = page ? page | PTE_P | PTE_W : 0;
}

void test(void)
{
    uint64_t root = root_new(), second = root_new(), pages[3], shared, keep;

    for (unsigned i = 0; i < 3; i++) {
        pages[i] = page_new();
        *(uint64_t *)at(pages[i]) = 0x100 + i;
    }
    set(root, pages[0]);
    set(second, pages[1]);
    show("not loaded", value());
    cr3_write(root);
    show("one", value());
    cr3_write(second);
    show("the other", value());
    set(root, pages[2]);
    show("the other still", value());
    cr3_write(root);
    show("the one, changed meanwhile", value());
    cr3_write(second);
    set(root, 0);
    cr3_write(root);
    show("taken away meanwhile", value());
    cr3_write(second);
    for (unsigned i = 0; i < 200; i++) {
        set(root, pages[i % 3]);
        cr3_write(root);
        if (value() != 0x100 + i % 3)
            give_up("round %u: 0x%lx", i, value());
        set(second, pages[(i + 1) % 3]);
        cr3_write(second);
        if (value() != 0x100 + (i + 1) % 3)
            give_up("round %u: 0x%lx", i, value());
    }
    print("200 rounds\n");

    /* One table in two spaces. */
    shared = *entry_in(second, PLACE, 2);
    *(volatile uint64_t *)entry_in(root, PLACE, 2) = shared;
    set(root, pages[0]);
    cr3_write(root);
    show("shared, here", value());
    cr3_write(second);
    show("shared, there", value());
    set(second, pages[1]);
    invlpg(PLACE);
    show("changed there", value());
    cr3_write(root);
    show("seen here", value());

    /* The kernel's half. */
    map(WINDOW, pages[2], PTE_P | PTE_W);
    show("the kernel's half, here", *(volatile uint64_t *)WINDOW);
    cr3_write(second);
    show("the kernel's half, there", *(volatile uint64_t *)WINDOW);
    cr3_write(kernel_root);
    show("and in the first", *(volatile uint64_t *)WINDOW);

    /* Torn down, and made again. */
    for (unsigned i = 0; i < 20; i++) {
        uint64_t upper = *entry_in(root, PLACE, 4) & PTE_ADDRESS;

        memset(at(upper), 0, PAGE_SIZE);
        keep = ((uint64_t *)at(root))[511];
        memset(at(root), 0, PAGE_SIZE);
        ((volatile uint64_t *)at(root))[511] = keep;
        set(root, pages[i % 3]);
        cr3_write(root);
        if (value() != 0x100 + i % 3)
            give_up("made again, round %u: 0x%lx", i, value());
        cr3_write(kernel_root);
    }
    print("made again 20 times\n");
    /* The root of the moment, in place. */
    cr3_write(root);
    set(root, pages[1]);
    invlpg(PLACE);
    show("changed in use", value());
    *(volatile uint64_t *)entry_in(root, PLACE, 4) = 0;
    cr3_write(root);
    show("its lower half away", value());
    cr3_write(kernel_root);
}
