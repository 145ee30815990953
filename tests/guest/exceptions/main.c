/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: every exception of the guest's goes to the hypervisor first and to the guest's own gate
 * after that; handlers fix up by the exact address, error code and stack. Expected: one exception
 * of each vector that can be raised here, from kernel and user mode: faults at the instruction,
 * traps behind it, the error code or none, the frame aligned to 16 bytes with RSP, SS, CS and
 * RFLAGS as they were, all registers preserved, IF cleared by an interrupt gate. */
#include "guest.h"

static uint64_t frame_address, handler_flags;

static bool hook(struct frame *frame)
{
    frame_address = (uint64_t)&frame->ss + 8;
    handler_flags = flags_read();
    return false;
}

/* Every general register must come through. */
static void registers(void)
{
    uint64_t bad;

    fault.frame.vector = NO_FAULT;
    asm volatile(
        "pushq %%rbp\n    movq $1, %%rax; movq $2, %%rbx; movq $3, %%rcx; movq $4, %%rdx; movq $5, "
        "%%rsi\n"
        "    movq $6, %%rdi; movq $7, %%rbp; movq $8, %%r8; movq $9, %%r9; movq $10, %%r10\n"
        "    movq $11, %%r11; movq $12, %%r12; movq $13, %%r13; movq $14, %%r14; movq $15, %%r15\n"
        "801: ud2\n802:\n" EXPECT(
            "801b", "802b",
            0) "    decq %%rax; subq $2, %%rbx; subq $3, %%rcx; subq $4, %%rdx; subq $5, %%rsi; "
               "subq $6, %%rdi\n"
               "    subq $7, %%rbp; subq $8, %%r8; subq $9, %%r9; subq $10, %%r10; subq $11, "
               "%%r11\n"
               "    subq $12, %%r12; subq $13, %%r13; subq $14, %%r14; subq $15, %%r15\n"
               "    orq %%rbx, %%rax; orq %%rcx, %%rax; orq %%rdx, %%rax; orq %%rsi, %%rax; orq "
               "%%rdi, %%rax\n"
               "    orq %%rbp, %%rax; orq %%r8, %%rax; orq %%r9, %%rax; orq %%r10, %%rax; orq "
               "%%r11, %%rax\n"
               "    orq %%r12, %%rax; orq %%r13, %%rax; orq %%r14, %%rax; orq %%r15, %%rax; popq "
               "%%rbp"
        : "=a"(bad)::"rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
          "r14", "r15", "memory", "cc");
    show("registers that changed", bad);
    check("and in the frame", fault.frame.rax == 1 && fault.frame.rbx == 2 &&
                                  fault.frame.rcx == 3 && fault.frame.r11 == 11 &&
                                  fault.frame.r15 == 15 && fault.frame.rbp == 7);
}

USER_CODE(user_divide, "xorl %ecx, %ecx; divl %ecx");
USER_CODE(user_step, "pushfq; orl $0x100, (%rsp); popfq; nop; nop; ud2");
USER_CODE(user_undefined, "ud2");
USER_CODE(user_protection, "movabsq $0x800000000000, %rax; movb (%rax), %al");
USER_CODE(user_stack, "movabsq $0x800000000000, %rsp; pushq %rax");
USER_CODE(user_halt, "hlt");
USER_CODE(user_null, "movb %al, 0");
USER_CODE(user_kernel, "movb 0xffffffff81000000, %al");
USER_CODE(user_kernel_write, "movb %al, 0xffffffff81000000");
USER_CODE(user_fetch, "movq $0xffffffff81000000, %rax; jmp *%rax");
USER_CODE(user_segment, "movl $0x33, %eax; movl %eax, %ds");

static void user(const char *name, const char *code)
{
    struct frame frame;

    user_prepare(&frame, code);
    frame.rflags = 0x202;
    user_run(&frame);
    print("user mode, ");
    user_outcome(name, &frame, code);
    if (frame.cs != USER_CS || frame.ss != USER_SS || !(frame.rflags & FLAG_IF))
        print("cs 0x%lx ss 0x%lx rflags 0x%lx\n", frame.cs, frame.ss, frame.rflags);
}

void test(void)
{
    uint64_t stack;

    trap_hook = hook;
    TRY("divl %0", ::"r"(0) : "rax", "rdx", "cc");
    outcome("divide by 0");
    TRY("ud2", ::: "memory");
    outcome("ud2");
    TRY(".byte 0x0f, 0xff, 0xc0", ::: "memory");
    outcome("ud0");
    TRY("int3", ::: "memory");
    outcome("int3");
    TRY("movb (%0), %%al", ::"r"(0x800000000000) : "rax");
    outcome("an address that is not canonical");
    TRY("pushq (%0)", ::"r"(0xffff7fffffffffff) : "memory");
    outcome("another one");
    TRY("movq %%rsp, %%rcx; movabsq $0x800000000000, %%rbp\n803: movb (%%rbp), %%al\n804:" EXPECT(
            "803b", "804b", 0),
        ::
            : "rax", "rcx", "rbp");
    outcome("the same by RBP");
    TRY("movb (%0), %%al", ::"r"(WINDOW) : "rax");
    outcome("read of no page");
    TRY("movb %%al, (%0)", ::"r"(WINDOW + 5) : "memory");
    outcome("write to no page");
    TRY("movl %0, %%fs", ::"r"(0x100));
    outcome("a bad selector");
    asm volatile("sti");
    TRY("ud2", ::: "memory");
    asm volatile("cli");
    show("IF in the frame", fault.frame.rflags & FLAG_IF);
    show("IF in the handler", handler_flags & FLAG_IF);
    show("TF and NT in the handler", handler_flags & (FLAG_TF | FLAG_NT));
    show("the frame's end, modulo 16", frame_address & 15);
    fault.frame.vector = NO_FAULT;
    asm volatile(
        "movq %%rsp, %0; subq $3, %%rsp\n801: ud2\n802: movq %0, %%rsp" EXPECT("801b", "802b", 0)
        : "=&r"(stack)::"memory", "cc");
    check("RSP in the frame is that before, aligned or not", fault.frame.rsp == stack - 3);
    show("the frame's end, modulo 16", frame_address & 15);
    check("it is below it", frame_address <= stack - 3 && frame_address > stack - 32);
    show("CS", fault.frame.cs);
    show("SS", fault.frame.ss);
    flags_write(0x8d7);
    TRY("ud2", ::: "memory");
    registers();

    user("divide by 0", user_divide);
    user("ud2", user_undefined);
    user("single step", user_step);
    user("an address that is not canonical", user_protection);
    user("push at the end of the canonical half", user_stack);
    user("hlt", user_halt);
    user("write to 0", user_null);
    user("read of the kernel", user_kernel);
    user("write to the kernel", user_kernel_write);
    user("jump to the kernel", user_fetch);
    user("a bad selector", user_segment);
}
