/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: on some processors SYSENTER is a way into the kernel that saves nothing, and SYSEXIT the way
 * out. Expected: RIP, RSP and the selectors of the MSRs, interrupts off, the other registers as
 * they were; sysexit goes where RDX and RCX say, to 64-bit and to 32-bit code; without SYSENTER_CS
 * both are #GP(0). The kernel is who executes SYSENTER here (user mode: ../compat-sysenter): of
 * user mode's on an Intel processor Debian's Xen 4.17.7 dies (a double fault of its own, with
 * Linux's XEN_PV as well), which is why CPUID hides it. (The file `options` has a processor that
 * knows both in long mode.) */
#include "guest.h"

#define MSR_SYSENTER_CS  0x174
#define MSR_SYSENTER_RSP 0x175
#define MSR_SYSENTER_RIP 0x176

extern uint64_t user_return_rsp;

/* Where SYSENTER leads: notes what it finds and goes back to who went to user mode. */
void entered(void);
struct {
    uint64_t rsp, rflags, cs, ss, rax, rcx, r15;
} found;
asm(".text\n.globl entered\n.type entered, @function\nentered:\n"
    "movq %rax, found+32(%rip)\n"
    "movq %rcx, found+40(%rip)\n"
    "movq %r15, found+48(%rip)\n"
    "movq %rsp, found(%rip)\n"
    "pushfq\npopq found+8(%rip)\n"
    "movl %cs, %eax\nmovq %rax, found+16(%rip)\n"
    "movl %ss, %eax\nmovq %rax, found+24(%rip)\n"
    "jmp user_back\n"
    ".size entered, .-entered\n");

/* void enter_kernel(void): by SYSENTER. */
void enter_kernel(void);
asm(".text\n.globl enter_kernel\n.type enter_kernel, @function\nenter_kernel:\n"
    "pushq %rbx\npushq %rbp\npushq %r12\npushq %r13\npushq %r14\npushq %r15\n"
    "movq %rsp, user_return_rsp(%rip)\n"
    "movl $7, %ecx\nmovl $8, %r15d\nsti\nsysenter\n.size enter_kernel, .-enter_kernel\n");

/* void leave_to(rip, rsp): by SYSEXIT. */
void leave_to(const void *rip, uint64_t rsp);
void leave_to32(const void *rip, uint64_t rsp);
#define LEAVE(name, instruction)                                                                   \
    asm(".text\n.globl " name "\n.type " name ", @function\n" name ":\n"                           \
        "pushq %rbx\npushq %rbp\npushq %r12\npushq %r13\npushq %r14\npushq %r15\n"                 \
        "movq %rsp, user_return_rsp(%rip)\n"                                                       \
        "movq %rdi, %rdx\nmovq %rsi, %rcx\n" instruction "\n.size " name ", .-" name "\n")
LEAVE("leave_to", "sysexitq");
LEAVE("leave_to32", "sysexitl");

USER_CODE(user_ud, "ud2");
USER_CODE32(user_ud32, "incl %eax; ud2"); /* in 64-bit code a REX prefix, and no ud2 behind it */

static uint8_t stack[256] __attribute__((aligned(16)));

static void show_found(const char *name)
{
    print("%s: cs 0x%lx ss 0x%lx rcx 0x%lx\n", name, found.cs, found.ss, found.rcx);
    show("IF", found.rflags & FLAG_IF);
    check("RSP is the MSR's", found.rsp == (uint64_t)(stack + sizeof(stack)));
    found.rsp = found.cs = found.ss = 0;
}

/* Back by an exception: user_frame of the support says how. */
extern struct frame *user_frame;
static void leave_by(const char *name, void (*how)(const void *, uint64_t), const char *code)
{
    struct frame frame = {0};

    user_frame = &frame;
    how(code, USER_STACK);
    user_frame = NULL;
    user_outcome(name, &frame, code);
    print("cs 0x%lx ss 0x%lx rsp 0x%lx\n", frame.cs, frame.ss, frame.rsp);
}

void test(void)
{
    /* 64-bit user mode's SS is behind its CS here, in place of a segment that nobody uses. */
    gdt[(USER_CS + 8) / 8] = gdt[USER_SS / 8];
    msr_write(MSR_SYSENTER_CS, KERNEL_CS);
    msr_write(MSR_SYSENTER_RSP, (uint64_t)(stack + sizeof(stack)));
    msr_write(MSR_SYSENTER_RIP, (uint64_t)entered);
    show("SYSENTER_CS", msr_read(MSR_SYSENTER_CS));

    enter_kernel();
    show_found("sysenter");
    show("R15", found.r15);
    leave_by("sysexitq", leave_to, user_ud);
    leave_by("sysexitl", leave_to32, user_ud32);

    msr_write(MSR_SYSENTER_CS, 0);
    TRY("sysenter", ::: "memory");
    outcome("sysenter without SYSENTER_CS");
    TRY("sysexitq", ::"c"(USER_STACK), "d"(user_ud) : "memory");
    outcome("sysexit without SYSENTER_CS");
}
