/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: system calls come and go without the stack: the wedge has to keep its hands off it, in the
 * kernel too, where RSP is still the user's. Expected: syscall puts RIP into RCX and RFLAGS into
 * R11, masks the flags with SFMASK, takes CS and SS from STAR, and touches neither RSP nor the red
 * zone below it; sysret goes back with RCX and R11; without EFER.SCE both are #UD; bases survive.
 * (The status flags at the entry are left out: QEMU's TCG clears them.) */
#include "guest.h"

#define PATTERN 0x1122334455667788

USER_CODE(user_call, "movq %rax, -8(%rsp); movq %rax, -128(%rsp); syscall; ud2");
USER_CODE(user_calls, "1: syscall; incq %rbx; decq %rdi; jnz 1b; ud2");
USER_CODE(user_ud, "ud2");

void test(void)
{
    struct frame frame;

    user_prepare(&frame, user_call);
    frame.rax = PATTERN;
    frame.r8 = 8;
    frame.rflags = 2 | FLAG_IF | FLAG_CF;
    user_run(&frame);
    user_outcome("syscall", &frame, user_call);
    check("RCX is RIP", frame.rcx == frame.rip);
    show("R11", frame.r11 & ~0x10000ul);
    show("flags at the entry", syscall_flags & ~0x108d5ul);
    check("RSP is the user's", syscall_rsp == USER_STACK);
    show("R8", frame.r8);
    show("the red zone's top", *(uint64_t *)(USER_STACK - 8));
    show("and bottom", *(uint64_t *)(USER_STACK - 128));

    msr_write(MSR_SFMASK, FLAG_IF | FLAG_ID);
    user_prepare(&frame, user_call);
    frame.rflags = 2 | FLAG_CF | FLAG_AC | FLAG_IF | FLAG_ID;
    user_run(&frame);
    show("R11", frame.r11 & ~0x10000ul);
    show("flags with another mask", syscall_flags & ~0x108d5ul);
    msr_write(MSR_SFMASK, FLAG_IF | FLAG_TF | FLAG_DF | FLAG_NT | FLAG_AC);

    /* RSP that leads nowhere is nobody's business. */
    user_prepare(&frame, user_calls);
    frame.rsp = 0x800000000008;
    frame.rdi = 1;
    user_run(&frame);
    user_outcome("syscall with an RSP that is not canonical", &frame, user_calls);
    check("RSP is the user's", syscall_rsp == 0x800000000008);
    user_prepare(&frame, user_calls);
    frame.rsp = 0;
    user_run(&frame);
    user_outcome("syscall with RSP 0", &frame, user_calls);

    user_prepare(&frame, user_ud);
    frame.rflags = 2 | FLAG_IF | FLAG_CF | FLAG_AC | FLAG_ID;
    frame.rax = 0x77;
    user_run_sysret(&frame);
    user_outcome("sysret", &frame, user_ud);
    show("flags", frame.rflags & ~0x10000ul);
    show("CS", frame.cs);
    show("SS", frame.ss);
    show("RSP", frame.rsp);
    check("RCX is RIP", frame.rcx == (uint64_t)user_ud);
    show("RAX", frame.rax);

    msr_write(MSR_GS_BASE, 0x12345000);
    msr_write(MSR_KERNEL_GS, 0x54321000);
    msr_write(MSR_FS_BASE, 0x55555000);
    user_prepare(&frame, user_calls);
    frame.rdi = 1000;
    for (unsigned i = 0; i < 1000; i++) {
        user_run_sysret(&frame);
        if (frame.vector != VECTOR_SYSCALL || frame.rbx != i || frame.rdi != 1000 - i)
            give_up("call %u: vector 0x%lx rbx 0x%lx", i, frame.vector, frame.rbx);
    }
    user_run_sysret(&frame);
    user_outcome("after a thousand calls", &frame, user_calls);
    show("GS base", msr_read(MSR_GS_BASE));
    show("the other GS base", msr_read(MSR_KERNEL_GS));
    show("FS base", msr_read(MSR_FS_BASE));
    msr_write(MSR_GS_BASE, 0);

    msr_write(MSR_EFER, msr_read(MSR_EFER) & ~1ul);
    user_prepare(&frame, user_calls);
    user_run(&frame);
    user_outcome("syscall without EFER.SCE", &frame, user_calls);
    TRY("sysretq", ::"c"(0) : "memory");
    outcome("sysret without EFER.SCE");
    msr_write(MSR_EFER, msr_read(MSR_EFER) | 1);
}
