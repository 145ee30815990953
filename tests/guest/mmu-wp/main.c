/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: with CR0.WP off the kernel writes to read-only pages; kernels patch themselves that way.
 * Expected: writes go through with WP off and fault with WP on, without any flush in between; user
 * mode never may. */
#include "guest.h"

#define PLACE 0x10000000ul

USER_CODE(user_write, "movq %rax, (%rdi); ud2");

static void one(const char *name)
{
    struct frame frame;

    TRY("movq %0, (%1)", ::"r"(0x77ul), "r"(PLACE) : "memory");
    print("%s, ", name);
    outcome("kernel");
    user_prepare(&frame, user_write);
    frame.rdi = PLACE;
    user_run(&frame);
    print("%s, ", name);
    user_outcome("user", &frame, user_write);
}

void test(void)
{
    map(PLACE, page_new(), PTE_P | PTE_U);
    one("WP");
    cr0_write(cr0_read() & ~0x10000ul);
    one("no WP");
    show("written", *(uint64_t *)PLACE);
    cr0_write(cr0_read() | 0x10000ul);
    one("WP");
}
