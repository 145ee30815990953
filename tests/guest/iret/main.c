/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: iret carries every return: below ring 0 it ignores IF and IOPL and faults on the kernel's
 * selectors. Kernels recover from faults at it by its address.
 * Expected: RIP, CS, RFLAGS, RSP and SS come from the frame, to the kernel and to user mode, for
 * 32- and 64-bit operands; selectors that may not be loaded raise #GP, #SS or #NP with the
 * selector, at the instruction, with RSP at the frame; NT raises #GP(0). (An RIP that is not
 * canonical is not tried: QEMU's TCG faults behind the instruction.) */
#include "guest.h"

/* iretq with this frame; an exception is left in `fault`, else "fine". */
static void with(const char *name, uint64_t rip_xor, uint64_t cs, uint64_t rflags, uint64_t rsp_off,
                 uint64_t ss)
{
    uint64_t stack, at_frame, flags = 0;

    fault.frame.vector = NO_FAULT;
    asm volatile("movq %%rsp, %0; pushq %6; leaq (%0,%7), %%rax; pushq %%rax; pushq %5; pushq %4\n"
                 "    leaq 802f(%%rip), %%rax; xorq %3, %%rax; pushq %%rax; movq %%rsp, %1\n"
                 "801: iretq\n802: pushfq; popq %2; movq %0, %%rsp" EXPECT("801b", "802b", 0)
                 : "=&r"(stack), "=&r"(at_frame), "=&r"(flags)
                 : "r"(rip_xor), "r"(cs), "r"(rflags), "r"(ss), "r"(rsp_off)
                 : "rax", "memory", "cc");
    flags_write(2);
    if (!name)
        return;
    print("%s: ", name);
    if (fault.frame.vector == NO_FAULT) {
        print("fine, flags 0x%lx\n", flags & ~0x8d4ul);
        return;
    }
    print_exception(fault.frame.vector, fault.frame.error, fault.cr2);
    print("%s%s\n", fault.behind ? ", NOT AT THE INSTRUCTION" : "",
          fault.frame.rsp == at_frame ? "" : ", RSP IS WRONG");
}

USER_CODE(user_ud, "ud2");

/* By a frame of 32-bit words; everything has to lie below 4 GB. */
void user_go_short(void);
asm(".text\n    .type user_go_short, @function\nuser_go_short: popq %rax\n    iretl\n    .size "
    "user_go_short, . - user_go_short");

static void *short_frame(void)
{
    uint32_t *words = (uint32_t *)0x10000000; /* below 4 GB: TCG cuts RSP off there */

    map(0x10000000, page_new(), PTE_P | PTE_W);

    words[2] = (uint32_t)(uint64_t)user_ud; /* behind what popq takes */
    words[3] = USER_CS;
    words[4] = 2;
    words[5] = USER_STACK - 0x100;
    words[6] = USER_SS;
    return words;
}

void test(void)
{
    struct frame frame;
    uint64_t stack, value;

    gdt[11] = 0x00af1b000000ffff; /* code, not present */
    gdt[12] = 0x00cf13000000ffff; /* data, not present */
    gdt[13] = 0x00af9b000000ffff; /* other code */
    gdt[14] = 0x00cf93000000ffff; /* other data */
    gdt[15] = 0x00affb000000ffff & ~(1ul << 47);
    with("to itself", 0, KERNEL_CS, 2, 0, KERNEL_SS);
    with("with flags", 0, KERNEL_CS, 2 | FLAG_CF | FLAG_AC | FLAG_ID, 0, KERNEL_SS);
    with("with IOPL 3", 0, KERNEL_CS, 0x3002, 0, KERNEL_SS);
    with("with IF", 0, KERNEL_CS, 0x202, 0, KERNEL_SS);
    with("with the stack moved", 0, KERNEL_CS, 2, -64ul, KERNEL_SS);
    with("with NT in the frame", 0, KERNEL_CS, 2 | FLAG_NT, 0, KERNEL_SS);
    with("to other code", 0, 13 * 8, 2, 0, KERNEL_SS);
    asm volatile("movl %%cs, %k0" : "=r"(value));
    show("CS", value);
    with("to the kernel's code", 0, KERNEL_CS, 2, 0, KERNEL_SS);
    with("with other data", 0, KERNEL_CS, 2, 0, 14 * 8);
    asm volatile("movl %%ss, %k0" : "=r"(value));
    show("SS", value);
    with("with no SS", 0, KERNEL_CS, 2, 0, 0);
    asm volatile("movl %%ss, %k0" : "=r"(value));
    show("SS", value);
    with("with the kernel's data", 0, KERNEL_CS, 2, 0, KERNEL_SS);
    with("to code that is not present", 0, 11 * 8, 2, 0, KERNEL_SS);
    with(NULL, 0, KERNEL_CS, 2, 0, 12 * 8);
    check("with data that is not present: #SS(0x60) (TCG: #NP)",
          (fault.frame.vector == 12 || fault.frame.vector == 11) && fault.frame.error == 0x60 &&
              !fault.behind);
    with("to no code", 0, 0, 2, 0, KERNEL_SS);
    with("to data", 0, KERNEL_SS, 2, 0, KERNEL_SS);
    with("with code for SS", 0, KERNEL_CS, 2, 0, KERNEL_CS);
    with("behind the GDT", 0, 0x100, 2, 0, KERNEL_SS);
    with("with SS behind the GDT", 0, KERNEL_CS, 2, 0, 0x100);
    with("to user code that is not present", 0, 15 * 8 + 3, 2, 0, USER_SS);
    with("to user code without SS", 0, USER_CS, 2, 0, 0);
    with("to user code with the kernel's SS", 0, USER_CS, 2, 0, KERNEL_SS);
    with("to user code with RPL 0", 0, USER_CS & ~3, 2, 0, KERNEL_SS);
    asm volatile("movl %%cs, %k0" : "=r"(value));
    show("CS is still", value);
    asm volatile("movl %%ss, %k0" : "=r"(value));
    show("SS is still", value);

    flags_write(2 | FLAG_NT);
    fault.frame.vector = NO_FAULT;
    asm volatile(
        "movq %%rsp, %0; subq $40, %%rsp\n801: iretq\n802: movq %0, %%rsp" EXPECT("801b", "802b", 0)
        : "=&r"(stack)::"memory");
    flags_write(2);
    outcome("with NT set");

    /* 32-bit operands: the target must be below 4 GB, so user code. */
    user_prepare(&frame, user_ud);
    fault.frame.vector = NO_FAULT;
    user_run(&frame);
    user_outcome("to user mode", &frame, user_ud);
    print("cs 0x%lx ss 0x%lx rsp 0x%lx flags 0x%lx\n", frame.cs, frame.ss, frame.rsp,
          frame.rflags & ~0x10000ul);
    user_prepare(&frame, user_ud);
    frame.rflags = 0x200ad7 | FLAG_AC;
    user_run(&frame);
    print("flags 0x%lx\n", frame.rflags & ~0x10000ul);
    user_prepare(&frame, user_ud);
    frame.cs = KERNEL_CS;
    frame.ss = KERNEL_SS;
    frame.rip = (uint64_t)user_go_short;
    frame.rsp = (uint64_t)short_frame();
    user_run(&frame);
    user_outcome("to user mode by iretl", &frame, user_ud);
    print("cs 0x%lx ss 0x%lx rsp 0x%lx\n", frame.cs, frame.ss, frame.rsp);
}
