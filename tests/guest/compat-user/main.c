/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: 64-bit kernels run 32-bit programs, whose segments count again.
 * Expected: 32-bit code runs with its CS, in 32 bits; int $0x80 and faults show its selectors and
 * 32-bit registers; segments of the GDT work with their base; it reaches 64-bit code by a
 * far jump and comes back; into, bound, arpl, lds and les do as they do there; SYSCALL comes by
 * CSTAR. */
#include "guest.h"

USER_CODE32(user_int, "movl $-1, %eax; incl %eax; decl %eax; movl %cs, %ebx; movl %ss, %ecx; movl "
                      "%ds, %edx; pushl %es; popl %esi; int $0x80; ud2");
USER_CODE32(user_push,
            "movl %esp, %eax; pushl $0x12345678; movl %esp, %ebx; movl (%esp), %ecx; int $0x80");
USER_CODE32(user_fault, "movl 0x20000000, %eax");
USER_CODE32(user_kernel, "movl 0x81000000, %eax; movl -4, %eax");
USER_CODE32(user_segment, "movl %eax, %gs; movl %gs:0x10, %ebx; movl %gs, %ecx; int $0x80");
USER_CODE32(user_bad, "movl %eax, %es");
USER_CODE32(user_into, "movl $0x7fffffff, %eax; incl %eax; into; ud2");
USER_CODE32(user_no_into, "xorl %eax, %eax; into; ud2");
USER_CODE32(user_bound, "pushl $7; pushl $5; movl $9, %eax; bound %eax, (%esp); ud2");
USER_CODE32(user_arpl, "movl $0x10, %eax; movl $3, %ecx; arpl %cx, %ax; setz %dl; int $0x80");
USER_CODE32(user_far, "pushl $0x23; pushl $0x11223344; lds (%esp), %eax; movl %ds, %ebx; les "
                      "(%esp), %ecx; movl %es, %edx; int $0x80");
USER_CODE32(user_cli, "cli");
USER_CODE32(user_syscall, "movl $0x11, %eax; syscall; ud2");
USER_CODE32(user_wide,
            "pushl $0; ljmp $0x2b, $user_wide_64\nuser_wide_32: movl %eax, %ebx; int $0x80");
USER_CODE(user_wide_64, "movabsq $0x123456789abcdef0, %rax; shrq $32, %rax; movabsq $user_wide_32, "
                        "%rcx; subq $16, %rsp; movl %ecx, (%rsp); movl $0x1b, 4(%rsp); lretl");
USER_CODE32(user_flags, "pushl $0x3ed7; popfl; pushfl; popl %eax; int $0x80");
USER_CODE32(user_call, "lcall $0x1b, $1f; int $0x80\n1: movl 4(%esp), %ebx; lret");

static struct frame frame;

static void run(const char *name, const char *code)
{
    frame.ss = USER_SS;
    user_run(&frame);
    user_outcome(name, &frame, code);
}

static void begin(const char *code, uint64_t rax)
{
    user_prepare32(&frame, code);
    frame.rflags = 0x202;
    frame.rax = rax;
}

void test(void)
{
    uint64_t data = 0x10000000;

    gate_set(0x80, trap_stubs[0x80], 0, GATE_INTERRUPT | GATE_DPL3);
    gate_set(4, trap_stubs[4], 0, GATE_INTERRUPT | GATE_DPL3);
    asm volatile("movl %0, %%ds; movl %0, %%es" ::"r"(USER_SS));
    begin(user_int, 0);
    run("int $0x80", user_int);
    print("eax 0x%lx cs 0x%lx ss 0x%lx ds 0x%lx es 0x%lx\n", frame.rax, frame.rbx, frame.rcx,
          frame.rdx, frame.rsi);
    print("frame: cs 0x%lx ss 0x%lx rsp 0x%lx\n", frame.cs, frame.ss, frame.rsp);
    begin(user_push, 0);
    run("push", user_push);
    print("0x%lx 0x%lx 0x%lx\n", frame.rax, frame.rbx, frame.rcx);
    begin(user_fault, 0);
    run("page fault", user_fault);
    begin(user_kernel, 0);
    run("the kernel is out of reach", user_kernel);
    begin(user_cli, 0);
    run("cli", user_cli);
    begin(user_flags, 0);
    run("popf", user_flags);
    show("flags", frame.rax);
    begin(user_into, 0);
    run("into", user_into);
    begin(user_no_into, 0);
    run("into without OF", user_no_into);
    begin(user_bound, 0);
    run("bound", user_bound);
    begin(user_arpl, 0);
    run("arpl", user_arpl);
    show("eax", frame.rax);
    show("ZF", frame.rdx & 0xff);
    begin(user_wide, 0);
    run("to 64 bits and back", user_wide);
    show("what it brought", frame.rbx);
    show("CS", frame.cs);
    begin(user_call, 0);
    run("lcall and lret", user_call);
    show("it pushed", frame.rbx);
    begin(user_syscall, 0);
    run("syscall", user_syscall);
    show("eax", frame.rax);

    map(data, page_new(), PTE_P | PTE_W | PTE_U);
    map(data + PAGE_SIZE, page_new(), PTE_P | PTE_W | PTE_U);
    *(uint32_t *)(data + 0x110) = 0x77;
    gdt[FREE_SELECTOR / 8] = 0x1040f30001001fff; /* base 0x10000100, 8 KB */
    begin(user_segment, FREE_SELECTOR + 3);
    run("a segment of the GDT", user_segment);
    print("0x%lx, selector 0x%lx\n", frame.rbx, frame.rcx);
    begin(user_bad, KERNEL_SS);
    run("the kernel's segment", user_bad);
    begin(user_far, 0);
    run("lds and les", user_far);
    print("0x%lx 0x%lx 0x%lx 0x%lx\n", frame.rax, frame.rbx, frame.rcx, frame.rdx);
}
