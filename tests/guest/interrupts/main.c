/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: interrupts are what a kernel lives by: none may be lost, doubled, or come when it is masked.
 * Expected: the timer's interrupts come at its vector, only with IF and when the line is not
 * masked; one that waits comes when IF is set, once; user mode is interrupted and not told;
 * registers and flags are untouched; in service a line does not come again before its EOI; the
 * 8259's registers show it; another vector base holds. */
#include "guest.h"

static bool keep_in_service, user_went_on;

static bool hook(struct frame *frame)
{
    if (frame->vector != VECTOR_IRQ0 || !keep_in_service)
        return false;
    interrupts[0]++;
    return true;
}

static void wait_for_request(void)
{
    outb(0x20, 0x0a);
    while (!(inb(0x20) & 1))
        ;
}

USER_CODE(user_loop, "1: incq %rax; jmp 1b");

void test(void)
{
    struct frame frame;
    uint64_t a = 0, b, flags;

    /* Masked, then with IF off, then on. */
    pit_once(50);
    wait_for_request();
    asm volatile("sti; nop; nop; nop; cli" ::: "memory");
    show("masked", interrupts[0]);
    pic_mask(0, false);
    for (volatile unsigned i = 0; i < 1000; i++)
        ;
    show("IF off", interrupts[0]);
    asm volatile("sti; nop; nop; nop; nop; nop; nop; cli" ::: "memory");
    show("IF on", interrupts[0]);
    asm volatile("sti; nop; nop; nop; nop; nop; nop; cli" ::: "memory");
    show("once", interrupts[0]);

    pit_periodic(PIT_HZ / 1000);
    interrupts[0] = 0;
    while (interrupts[0] < 20)
        asm volatile("sti; hlt; cli" ::: "memory");
    print("20 by hlt\n");
    interrupts[0] = 0;
    asm volatile("sti");
    while (interrupts[0] < 20)
        asm volatile("" ::: "memory");
    asm volatile("cli");
    print("20 in a loop without sensitive instructions\n");
    interrupts[0] = 0;
    asm volatile("sti");
    while (interrupts[0] < 20) {
        asm volatile("cli" ::: "memory");
        asm volatile("sti" ::: "memory");
    }
    asm volatile("cli");
    print("20 in a loop of cli and sti\n");

    /* Registers and flags, with interrupts all along. */
    interrupts[0] = 0;
    asm volatile("sti");
    while (interrupts[0] < 20) {
        a = 0x1234;
        asm volatile("movq %0, %1; stc; movl $2000, %%ecx; 1: leal -1(%%ecx), %%ecx; jrcxz 2f; jmp "
                     "1b\n2: pushfq; popq %2; subq %0, %1"
                     : "+r"(a), "=&r"(b), "=r"(flags)::"rcx", "cc", "memory");
        if (b || !(flags & FLAG_CF) || !(flags & FLAG_IF))
            give_up("a register or a flag has changed: 0x%lx 0x%lx", b, flags);
    }
    asm volatile("cli");
    print("registers and flags stay\n");
    for (unsigned i = 0; i < 50; i++) {
        user_prepare(&frame, user_loop);
        frame.rflags = 0x202;
        user_run(&frame);
        pic_end(0);
        user_went_on |= frame.rax != 0;
        if (frame.vector != VECTOR_IRQ0 || frame.cs != USER_CS || !(frame.rflags & FLAG_IF))
            give_up("user mode: vector 0x%lx rax 0x%lx", frame.vector, frame.rax);
    }
    check("user mode is interrupted, and goes on", user_went_on);

    /* In service. */
    asm volatile("cli");
    pic_mask(0, true);
    pit_once(50);
    trap_hook = hook;
    keep_in_service = true;
    interrupts[0] = 0;
    pic_mask(0, false);
    asm volatile("sti; hlt; cli" ::: "memory");
    outb(0x20, 0x0b);
    show("in service", inb(0x20));
    pit_once(50);
    wait_for_request();
    print("asked again\n");
    asm volatile("sti; nop; nop; nop; cli" ::: "memory");
    show("interrupts", interrupts[0]);
    keep_in_service = false;
    pic_end(0);
    asm volatile("sti; nop; nop; nop; nop; cli" ::: "memory");
    show("after its end", interrupts[0]);
    outb(0x20, 0x0b);
    show("in service", inb(0x20));

    /* Another base. */
    pic_mask(0, true);
    outb(0x20, 0x11);
    outb(0x21, 0x70);
    outb(0x21, 4);
    outb(0x21, 1);
    outb(0x21, 0xfe);
    pit_once(50);
    TRY("sti; hlt; cli", ::: "memory");
    show("another base: vector", fault.frame.vector);
    asm volatile("cli");
    outb(0x20, 0x20);
    pic_init();

    /* The second chip: the clock's periodic interrupt, line 8. */
    outb(0x70, 0x0a);
    outb(0x71, 0x26);
    outb(0x70, 0x0b);
    outb(0x71, 0x42);
    outb(0x70, 0x0c);
    inb(0x71);
    pic_mask(2, false);
    pic_mask(8, false);
    for (unsigned i = 0; i < 5; i++) {
        asm volatile("sti; hlt; cli" ::: "memory");
        outb(0x70, 0x0c);
        inb(0x71);
    }
    check("the clock's, through the second chip", interrupts[8] >= 5);
    outb(0x70, 0x0b);
    outb(0x71, 0x02);
    outb(0x70, 0x0c);
    inb(0x71);

    /* The serial line, which the console polls otherwise: its transmitter is empty. */
    pic_mask(4, false);
    outb(0x3f8 + 4, 0x0b);
    outb(0x3f8 + 1, 2);
    asm volatile("sti; nop; nop; nop; nop; cli" ::: "memory");
    show("the serial line's", interrupts[4]);
    show("its reason", inb(0x3f8 + 2) & 0xf);
    outb(0x3f8 + 1, 0);
}
