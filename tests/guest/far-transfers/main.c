/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: far jumps, calls and returns load CS, from the hypervisor's tables if nobody takes care.
 * Expected: they go where they say with the selector they say; what may not be loaded raises #GP or
 * #NP with the selector, at the instruction, and RSP is as before; a far call pushes CS and an
 * address behind itself; lret takes them off, and more. */
#include "guest.h"

struct far {
    uint64_t offset;
    uint16_t selector;
} __attribute__((packed));
static uint64_t code(void)
{
    uint64_t value;

    asm volatile("movl %%cs, %k0" : "=r"(value));
    return value;
}

static void jump_to(const char *name, uint16_t selector)
{
    struct far far = {0, selector};

    asm volatile("leaq 806f(%%rip), %%rax; movq %%rax, %0" : "=m"(far.offset)::"rax");
    TRY("rex.w ljmp *%0\n806:", ::"m"(far) : "memory");
    print("ljmp, ");
    outcome(name);
}

static void return_to(const char *name, uint64_t selector)
{
    uint64_t before, after;

    fault.frame.vector = NO_FAULT;
    asm volatile("movq %%rsp, %0; pushq %2; leaq 2f(%%rip), %%rax; pushq %%rax\n"
                 "801: lretq\n802: addq $16, %%rsp\n2: movq %%rsp, %1" EXPECT("801b", "802b", 0)
                 : "=&r"(before), "=&r"(after)
                 : "r"(selector)
                 : "rax", "memory");
    print("lret, ");
    outcome(name);
    if (before != after)
        print("RSP is off by 0x%lx\n", after - before);
}

void test(void)
{
    struct far far = {0, KERNEL_CS};
    uint64_t stack, after, pushed[2], places[2];

    gdt[11] = 0x00af9b000000ffff;             /* another 64-bit code segment */
    gdt[12] = 0x00af1b000000ffff;             /* not present */
    gdt[13] = 0x00af9f000000ffff;             /* conforming */
    gdt[15] = 0x00af9b000000ffff | 3ul << 45; /* user code */
    jump_to("another segment", 11 * 8);
    show("CS", code());
    jump_to("the kernel's", KERNEL_CS);
    show("CS", code());
    jump_to("conforming", 13 * 8);
    show("CS", code());
    jump_to("the kernel's", KERNEL_CS);
    jump_to("null", 0);
    jump_to("data", KERNEL_SS);
    jump_to("not present", 12 * 8);
    jump_to("user code", 15 * 8);
    jump_to("user code, RPL 3", 15 * 8 + 3);
    jump_to("behind the GDT", 0x100);
    show("CS", code());
    TRY("rex.w ljmp *(%0)", ::"r"(WINDOW) : "memory");
    outcome("ljmp by no page");

    asm volatile(
        "leaq 1f(%%rip), %%rax; movq %%rax, (%3); movq %%rsp, %0\n"
        "0:  rex.w lcall *(%3)\n2: jmp 3f\n"
        "1:  movq (%%rsp), %%rax; movq %%rax, (%2); movq 8(%%rsp), %%rax; movq %%rax, 8(%2)\n"
        "    movq %%rsp, %1; lretq\n3: leaq 2b(%%rip), %%rax; movq %%rax, (%4)\n"
        "    leaq 0b(%%rip), %%rax; movq %%rax, 8(%4)"
        : "=&r"(stack), "=&r"(after)
        : "r"(pushed), "r"(&far), "r"(places)
        : "rax", "memory");
    show("lcall pushed bytes", stack - after);
    show("CS", pushed[1]);
    check("and where it ended", pushed[0] > places[1] && pushed[0] <= places[0]);
    show("CS", code());
    far.selector = 12 * 8;
    asm volatile("movq %%rsp, %0" : "=r"(stack));
    TRY("rex.w lcall *%1\n807: movq %%rsp, %0", : "=r"(after) : "m"(far) : "memory");
    outcome("lcall of what is not present");
    check("leaves RSP", fault.frame.rsp == stack);

    return_to("another segment", 11 * 8);
    show("CS", code());
    return_to("the kernel's", KERNEL_CS);
    return_to("null", 0);
    return_to("data", KERNEL_SS);
    return_to("not present", 12 * 8);
    return_to("user code with RPL 0", 15 * 8);
    return_to("behind the GDT", 0x100);
    show("CS", code());
    asm volatile(
        "movq %%rsp, %0; pushq $0; pushq $0; pushq %2; leaq 1f(%%rip), %%rax; pushq %%rax\n"
        "    lretq $16\n1: movq %%rsp, %1"
        : "=&r"(stack), "=&r"(after)
        : "r"((uint64_t)KERNEL_CS)
        : "rax", "memory");
    check("lret of 16 bytes more", stack == after);
    asm volatile(
        "movq %%rsp, %0; subq $8, %%rsp; movl %2, 4(%%rsp); leaq 1f(%%rip), %%rax; movl $-1, "
        "%%ecx\n"
        "    movl %%eax, (%%rsp); addq $8, %%rsp; pushq %q2; pushq %%rax; lretq\n1: movq %%rsp, %1"
        : "=&r"(stack), "=&r"(after)
        : "r"(KERNEL_CS)
        : "rax", "rcx", "memory");
    check("lret once more", stack == after);
}
