/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: handlers themselves fault, trap and are interrupted; every level must come back to exactly
 * where it was. Expected: exceptions in exception handlers, in interrupt handlers and interrupts in
 * exception handlers, eight deep, all come back in order. */
#include "guest.h"

static unsigned depth, deepest, order[64], count;
static bool interrupt_seen;

static bool hook(struct frame *frame)
{
    if (frame->vector == VECTOR_IRQ0) {
        interrupt_seen = true;
        TRY("movb (%0), %%al", ::"r"(WINDOW) : "rax");
        check("a page fault in an interrupt's handler", fault.frame.vector == 14);
        return false;
    }
    if (frame->vector == 14 && depth == 0)
        return false;
    if (frame->vector != 6 && frame->vector != 0x80 && frame->vector != 3)
        return false;
    order[count++ & 63] = ++depth;
    if (depth > deepest)
        deepest = depth;
    if (depth < 8) {
        if (depth & 1)
            asm volatile("int3" ::: "memory");
        else
            asm volatile("int $0x80" ::: "memory");
    }
    order[count++ & 63] = depth--;
    if (frame->vector == 6)
        frame->rip += 2;
    return true;
}

static bool open_hook(struct frame *frame)
{
    if (frame->vector != 6)
        return false;
    pic_mask(0, false);
    pit_once(100);
    asm volatile("sti; hlt; cli" ::: "memory");
    pic_mask(0, true);
    frame->rip += 2;
    return true;
}

void test(void)
{
    uint64_t flags;

    trap_hook = hook;
    asm volatile("ud2" ::: "memory");
    show("deepest", deepest);
    print("order:");
    for (unsigned i = 0; i < count; i++)
        print(" %u", order[i]);
    print("\n");
    depth = 0;
    pic_mask(0, false);
    pit_once(100);
    asm volatile("sti; hlt; cli" ::: "memory");
    pic_mask(0, true);
    check("an interrupt", interrupt_seen);
    trap_hook = open_hook;
    interrupts[0] = 0;
    asm volatile("ud2; pushfq; popq %0" : "=r"(flags)::"memory");
    show("interrupts in an exception's handler", interrupts[0]);
    show("IF behind it", flags & FLAG_IF);
    asm volatile("sti; ud2; pushfq; popq %0; cli" : "=r"(flags)::"memory");
    show("interrupts in an exception's handler", interrupts[0]);
    show("IF behind it", flags & FLAG_IF);
}
