/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: debug registers are state of the virtual CPU, and kernels write them at each start.
 * Expected: DR0 to DR3 keep what is written; DR6 and DR7 have their fixed bits; DR4 and DR5 are DR6
 * and DR7 until CR4.DE, then #UD; upper halves of DR6 and DR7 raise #GP(0); DR7.GD makes the next
 * access raise #DB (TCG does not do it: expected.xen has what has to be); an armed breakpoint
 * raises #DB at its instruction or behind its store, DR6 says which, also where an interrupt waits
 * for the end of an sti's shadow; no BS bit is left of what did not step. */
#include "guest.h"

#define DEBUG(number)                                                                              \
    static inline uint64_t dr##number(void)                                                        \
    {                                                                                              \
        uint64_t value;                                                                            \
        asm volatile("movq %%dr" #number ", %0" : "=r"(value)::"memory");                          \
        return value;                                                                              \
    }                                                                                              \
    static inline void dr##number##_write(uint64_t value)                                          \
    {                                                                                              \
        asm volatile("movq %0, %%dr" #number ::"r"(value) : "memory");                             \
    }
DEBUG(0)
DEBUG(1)
DEBUG(2)
DEBUG(3)
DEBUG(4)
DEBUG(5)
DEBUG(6)
DEBUG(7)

static volatile uint64_t watched;

/* An interrupt waits. */
static void raise_timer(void)
{
    asm volatile("cli" ::: "memory");
    interrupts[0] = 0;
    pic_mask(0, false);
    pit_once(2);
    do
        outb(0x20, 0x0a);
    while (!(inb(0x20) & 1));
}

void test(void)
{
    uint64_t address;

    show("DR6 at first", dr6());
    show("DR7 at first", dr7());
    dr0_write(0x1111222233334444);
    dr1_write(0xffffffff80000001);
    dr2_write(2);
    dr3_write(0x7fffffffffff);
    show("DR0", dr0());
    show("DR1", dr1());
    show("DR2", dr2());
    show("DR3", dr3());
    dr6_write(0);
    show("DR6 of 0", dr6());
    dr6_write(0xe00f);
    show("DR6 of everything", dr6());
    dr7_write(0);
    show("DR7 of 0", dr7());
    dr7_write(0xffff0000);
    show("DR7 of all conditions, none armed", dr7());
    dr7_write(0x400);
    dr6_write(0xffff0ff0);
    show("DR4 is DR6", dr4());
    show("DR5 is DR7", dr5());
    cr4_write(cr4_read() | 8);
    TRY("movq %%dr4, %%rax", ::: "rax");
    outcome("DR4 with CR4.DE");
    cr4_write(cr4_read() & ~8ul);
    TRY("movq %0, %%dr7", ::"r"(1ul << 32));
    outcome("an upper half for DR7");
    TRY("movq %0, %%dr6", ::"r"(1ul << 32));
    outcome("an upper half for DR6");
    dr7_write(0x2400);
    TRY("movq %%dr6, %%rax", ::: "rax");
    outcome("an access with GD");
    show("DR6", dr6());
    show("DR7", dr7());
    dr7_write(0x400);
    dr6_write(0xffff0ff0);

    asm volatile("leaq 1f(%%rip), %0; movq %0, %%dr0; movq %1, %%dr7\n"
                 : "=&r"(address)
                 : "r"(0x402ul));
    TRY("\n1: nop", ::: "memory");
    outcome("a breakpoint on an instruction");
    show("DR6", dr6());
    dr7_write(0x400);
    dr6_write(0xffff0ff0);
    dr1_write((uint64_t)&watched);
    dr7_write(0x400 | 8 | 0xd00000);
    TRY("movq $1, %0", : "=m"(watched)::"memory");
    outcome("a breakpoint on a store");
    show("DR6", dr6());
    show("stored", watched);
    dr6_write(0xffff0ff0);

    /* Not on a store: QEMU 7.2's TCG loses its way where a step and a watched store meet. */
    asm volatile("leaq 1f(%%rip), %0; movq %0, %%dr0; movq %1, %%dr7\n"
                 : "=&r"(address)
                 : "r"(0x402ul));
    raise_timer();
    fault.frame.vector = NO_FAULT;
    asm volatile("sti\n1: incq %0\n2: cli\n" EXPECT("1b", "2b", 0) : "+m"(watched)::"memory");
    outcome("a breakpoint in the shadow of sti");
    show("interrupts", interrupts[0]);
    show("DR6", dr6());
    show("stored", watched);
    dr7_write(0x400);
    dr6_write(0xffff0ff0);
    raise_timer();
    asm volatile("sti; movq $3, %0; nop; cli" : "=m"(watched)::"memory");
    show("interrupts", interrupts[0]);
    dr7_write(0x400 | 8 | 0xd00000);
    TRY("movq $4, %0", : "=m"(watched)::"memory");
    outcome("a breakpoint behind a shadow");
    show("DR6", dr6());
    dr7_write(0x400);
    pic_mask(0, true);
}
