/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: cli, sti, pushf and popf are the most frequent sensitive instructions, and three of them do
 * the wrong thing without a trap where the kernel does not run in ring 0. Expected: IF is what was
 * set last, whoever set it; all other flags come and go with popf as they do in ring 0, IOPL and NT
 * among them; the 16-bit forms leave the upper flags alone. */
#include "guest.h"

static void flag(const char *name, uint64_t bit)
{
    flags_write(bit | 2);
    asm volatile("nop");
    show(name, flags_read() & ~0x8d4ul);
}

void test(void)
{
    uint64_t value = 0, stack = 0;
    uint16_t word = 0;

    show("at first", flags_read() & FLAG_IF);
    asm volatile("sti" ::: "memory");
    show("sti", flags_read() & FLAG_IF);
    asm volatile("cli" ::: "memory");
    show("cli", flags_read() & FLAG_IF);
    asm volatile("cli; sti; sti; nop" ::: "memory");
    show("sti twice", flags_read() & FLAG_IF);
    flags_write(2);
    show("popf without IF", flags_read() & FLAG_IF);
    flags_write(2 | FLAG_IF);
    show("popf with IF", flags_read() & FLAG_IF);
    asm volatile("sti; cli; pushfq; popq %0" : "=r"(value)::"memory");
    show("sti; cli", value & FLAG_IF);

    flag("CF", FLAG_CF);
    flag("DF", FLAG_DF);
    asm volatile("cld");
    flag("IOPL 1", 0x1000);
    flag("IOPL 3", 0x3000);
    flag("NT", FLAG_NT);
    flag("AC", FLAG_AC);
    flag("ID", FLAG_ID);
    flag("VIF and VIP", 0x180000);
    flag("VM and RF", 0x30000);
    flag("everything reserved", 0xffffffffffc08028);
    flags_write(2);

    asm volatile("stc; pushfq; popq %0" : "=r"(value)::"cc");
    show("the status flags come through", value & 0x8d5 & FLAG_CF);
    asm volatile("xorl %%eax, %%eax; cli; pushfq; popq %0" : "=r"(value)::"rax", "cc");
    show("cli leaves ZF", value & FLAG_ZF);
    asm volatile("movl $1, %%eax; decl %%eax; sti; cli; setz %b0" : "=r"(value)::"rax", "cc");
    show("sti leaves ZF", value & 1);

    flags_write(2 | FLAG_AC | FLAG_ID);
    asm volatile("movq %%rsp, %1; pushfw; subq %%rsp, %1; popw %0"
                 : "=r"(word), "=&r"(stack)::"memory");
    show("pushfw pushes", stack);
    show("pushfw", word & ~0x8d4);
    asm volatile("pushw $0x203; popfw; pushfq; popq %0; cli" : "=r"(value)::"memory", "cc");
    show("popfw leaves AC and ID", value & ~0x8d4ul);
    flags_write(2);

    TRY("pushq (%0); popfq", ::"r"(WINDOW) : "memory");
    outcome("flags from a page that is not there");
    asm volatile("sti" ::: "memory");
    TRY("ud2", ::: "memory");
    show("IF in a frame", fault.frame.rflags & FLAG_IF);
    show("IF behind it", flags_read() & FLAG_IF);
    asm volatile("cli" ::: "memory");
    TRY("ud2", ::: "memory");
    show("without", fault.frame.rflags & FLAG_IF);
}
