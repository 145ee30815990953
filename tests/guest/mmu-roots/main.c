/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: there are as many address spaces as processes, and the place's tables for them are not
 * endless. Expected: two hundred roots with a page each at the same address show their own, in any
 * order, in kernel and user mode. */
#include "guest.h"

#define COUNT 200
#define PLACE 0x10000000ul

USER_CODE(user_read, "movq (%rdi), %rax; ud2");

void test(void)
{
    static uint64_t roots[COUNT];
    uint64_t user_entry = *entry_in(kernel_root, USER_TEXT, 2), page, random = 1;
    struct frame frame;

    for (unsigned i = 0; i < COUNT; i++) {
        roots[i] = root_new();
        page = page_new();
        *(uint64_t *)at(page) = i;
        *(volatile uint64_t *)entry_in(roots[i], PLACE, 1) = page | PTE_P | PTE_W | PTE_U;
        for (unsigned k = 0; k < 4; k++)
            *(volatile uint64_t *)entry_in(roots[i], USER_TEXT + k * LARGE_PAGE_SIZE, 2) =
                k ? *entry_in(kernel_root, USER_TEXT + k * LARGE_PAGE_SIZE, 2) : user_entry;
    }
    for (unsigned i = 0; i < COUNT; i++) {
        cr3_write(roots[i]);
        if (*(volatile uint64_t *)PLACE != i)
            give_up("root %u shows %lu", i, *(volatile uint64_t *)PLACE);
    }
    print("in order\n");
    for (unsigned i = 0; i < 3 * COUNT; i++) {
        unsigned number;

        random = random * 6364136223846793005 + 1442695040888963407;
        number = (random >> 33) % COUNT;
        cr3_write(roots[number]);
        user_prepare(&frame, user_read);
        frame.rdi = PLACE;
        user_run(&frame);
        if (frame.vector != 6 || frame.rax != number)
            give_up("root %u in user mode: vector %lu, %lu", number, frame.vector, frame.rax);
    }
    print("in any order, from user mode\n");
    cr3_write(kernel_root);
}
