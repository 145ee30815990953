/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: kernels mark what must never be reached with an undefined opcode (BUG of Linux).
 * Expected: its own handler sees #UD at the instruction and ends the run with 99. */
#include "guest.h"

static bool hook(struct frame *frame)
{
    extern char undefined[];

    if (frame->vector == 6 && frame->rip == (uint64_t)undefined)
        give_up("#UD where it should be");
    return false;
}

void test(void)
{
    trap_hook = hook;
    asm volatile(".globl undefined\nundefined: ud2");
}
