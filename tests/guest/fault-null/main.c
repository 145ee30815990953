/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: the commonest way in which a kernel dies.
 * Expected: its own handler sees the page fault of a fetch at 0, at CPL 0, and ends the run
 * with 99. On a place where the kernel runs in ring 3 the error code has no U bit. */
#include "guest.h"

static bool hook(struct frame *frame)
{
    if (frame->vector == 14 && frame->rip == 0 && cr2_read() == 0)
        give_up("#PF(0x%lx) of the kernel's at 0", frame->error);
    return false;
}

void test(void)
{
    void (*volatile nothing)(void) = NULL;

    trap_hook = hook;
    print("jumps to 0\n");
    nothing();
}
