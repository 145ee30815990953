/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: kernels lean on sti holding interrupts off for one more instruction: `sti; hlt` must not
 * sleep on an interrupt that came in between, and `sti; ret` must not nest on the old stack.
 * Expected: an interrupt that waits is taken behind the instruction that follows sti, and not at
 * all when that is cli; popf and iret have no such shadow. (A load of SS has its pad before it,
 * which would end the shadow of an sti before that, so it cannot be tested alike.) */
#include "guest.h"

/* Lets the timer's line rise while interrupts are off. */
static void raise(void)
{
    asm volatile("cli" ::: "memory");
    interrupts[0] = 0;
    interrupt_rip = 0;
    pic_mask(0, false);
    pit_once(2);
    do
        outb(0x20, 0x0a);
    while (!(inb(0x20) & 1));
}

/* The instruction under test is at 0, its end at 1: on bare hardware its pad may come in between,
 * and there an interrupt is seen too. */
#define TAKEN(name, text)                                                                          \
    do {                                                                                           \
        uint64_t start, first, second, third;                                                      \
        raise();                                                                                   \
        asm volatile("leaq 0f(%%rip), %0; leaq 1f(%%rip), %1; leaq 2f(%%rip), %2\n"                \
                     "leaq 3f(%%rip), %3\n" text                                                   \
                     : "=&r"(start), "=&r"(first), "=&r"(second), "=&r"(third)                     \
                     : "r"(0x202ul)                                                                \
                     : "memory", "rcx", "cc");                                                     \
        asm volatile("cli" ::: "memory");                                                          \
        print("%s: %lu, %s\n", name, interrupts[0],                                                \
              !interrupts[0]                                     ? "never"                         \
              : interrupt_rip > start && interrupt_rip <= first  ? "at once"                       \
              : interrupt_rip > first && interrupt_rip <= second ? "behind the next instruction"   \
              : interrupt_rip > second && interrupt_rip <= third ? "one later"                     \
                                                                 : "ELSEWHERE");                   \
        pic_mask(0, true);                                                                         \
    } while (0)

void test(void)
{
    uint64_t start, end;

    TAKEN("sti", "0: sti\n1: incq %%rcx\n2: incq %%rcx\n3: incq %%rcx");
    TAKEN("popf", "pushq %4\n0: popfq\n1: incq %%rcx\n2: incq %%rcx\n3: nop");
    TAKEN("iret",
          "movq %%rsp, %%rcx; pushq $0x10; pushq %%rcx; pushq %4; pushq $8; pushq %1\n0: iretq\n"
          "1: incq %%rcx\n2: incq %%rcx\n3: nop");
    raise();
    asm volatile("sti; cli; nop; nop" ::: "memory");
    show("sti; cli lets none in", interrupts[0]);
    asm volatile("sti; nop; nop; cli" ::: "memory");
    show("sti; nop lets one in", interrupts[0]);
    pic_mask(0, true);

    for (unsigned i = 0; i < 100; i++) {
        interrupts[0] = 0;
        pic_mask(0, false);
        pit_once(i * 8 + 2);
        asm volatile("sti; hlt; cli" ::: "memory");
        pic_mask(0, true);
        if (interrupts[0] != 1)
            give_up("sti; hlt woke up with %lu interrupts", interrupts[0]);
    }
    print("sti; hlt: 100 times\n");
    raise();
    asm volatile("sti\n0: hlt\n1: cli; leaq 0b(%%rip), %0; leaq 1b(%%rip), %1"
                 : "=r"(start), "=r"(end)::"memory");
    check("taken behind hlt", interrupt_rip > start && interrupt_rip <= end);
    pic_mask(0, true);
}
