/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: a 32-bit program may try SYSENTER whatever CPUID says, and where the processor knows it that
 * must be the guest's to answer, not the place's, which has set up nothing. Expected: without
 * SYSENTER_CS #GP(0) at the instruction; with it the kernel's entry, its stack, interrupts off, the
 * other registers as user mode had them. (An AMD processor raises #UD in long mode, which the wedge
 * has nothing to do with; TCG's does not in 32-bit code. On Intel's Debian's Xen 4.17.7 itself dies
 * of it: ../sysenter.) */
#include "guest.h"

#define MSR_SYSENTER_CS  0x174
#define MSR_SYSENTER_RSP 0x175
#define MSR_SYSENTER_RIP 0x176

USER_CODE32(user_sysenter, "movl $0x1234, %edx; sysenter; ud2");

static uint8_t stack[256] __attribute__((aligned(16)));
static struct frame frame;

/* Where SYSENTER leads: notes what it finds and goes back to who went to user mode. */
void entered(void);
struct {
    uint64_t rsp, rflags, cs, ss, rdx;
} found;
asm(".text\n.globl entered\n.type entered, @function\nentered:\n"
    "movq %rdx, found+32(%rip)\n"
    "movq %rsp, found(%rip)\n"
    "pushfq\npopq found+8(%rip)\n"
    "movl %cs, %eax\nmovq %rax, found+16(%rip)\n"
    "movl %ss, %eax\nmovq %rax, found+24(%rip)\n"
    "jmp user_back\n"
    ".size entered, .-entered\n");

void test(void)
{
    user_prepare32(&frame, user_sysenter);
    user_run(&frame);
    user_outcome("sysenter without SYSENTER_CS", &frame, user_sysenter);

    msr_write(MSR_SYSENTER_CS, KERNEL_CS);
    msr_write(MSR_SYSENTER_RSP, (uint64_t)(stack + sizeof(stack)));
    msr_write(MSR_SYSENTER_RIP, (uint64_t)entered);
    user_prepare32(&frame, user_sysenter);
    frame.rflags = 0x202;
    user_run(&frame);
    print("sysenter: cs 0x%lx ss 0x%lx rdx 0x%lx\n", found.cs, found.ss, found.rdx);
    show("IF", found.rflags & FLAG_IF);
    check("RSP is the MSR's", found.rsp == (uint64_t)(stack + sizeof(stack)));
}
