/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: debuggers step with TF, over sensitive instructions as over all others; a handler that is
 * entered in the wedge shows the debugger what is not there. Expected: #DB behind each instruction,
 * DR6.BS set, and in the handler TF is clear; popf that sets TF lets one instruction through; user
 * mode steps alike, and syscall with TF in SFMASK does not step into the kernel. */
#include "guest.h"

static uint64_t start, end;
static unsigned steps, outside;

static bool hook(struct frame *frame)
{
    if (frame->vector != 1)
        return false;
    if (frame->rip < start || frame->rip > end)
        outside++;
    else
        steps++;
    if (frame->rip >= end)
        frame->rflags &= ~FLAG_TF;
    return true;
}

USER_CODE(user_step, "pushfq; orl $0x100, (%rsp); popfq; nop; nop; ud2");
USER_CODE(user_syscall, "pushfq; orl $0x100, (%rsp); popfq; syscall; ud2");

void test(void)
{
    uint64_t value = 0;
    struct frame frame;

    fault.frame.vector = NO_FAULT;
    asm volatile("pushq $0x102\n801: popfq; nop\n802: pushq $2; popfq" EXPECT("801b", "802b", 0)::
                     : "memory", "cc");
    print("popf with TF: ");
    print_exception(fault.frame.vector, 0, 0);
    print("\n");
    TRY("ud2", ::: "memory");
    show("and no more", fault.frame.vector);

    trap_hook = hook;
    asm volatile("leaq 1f(%%rip), %%rax; movq %%rax, %1; leaq 2f(%%rip), %%rax; movq %%rax, %2\n"
                 "    pushq $0x102; popfq\n1: incq %0; incq %0; cli; movq %%cr3, %%rax; incq %0\n"
                 "    pushfq; andl $0x100, (%%rsp); popq %%rbx\n2: nop; nop"
                 : "+r"(value), "=m"(start), "=m"(end)::"rax", "rbx", "cc", "memory");
    flags_write(2);
    show("carried out", value);
    check("each of them was seen", steps >= 8);
    show("outside", outside > 1);
    trap_hook = NULL;

    user_prepare(&frame, user_step);
    user_run(&frame);
    user_outcome("user mode", &frame, user_step);
    frame.rflags |= FLAG_TF;
    user_run(&frame);
    user_outcome("and one more", &frame, user_step);
    user_prepare(&frame, user_syscall);
    user_run(&frame);
    user_outcome("syscall with TF", &frame, user_syscall);
    show("R11", frame.r11 & FLAG_TF);
    show("flags at the entry", syscall_flags & FLAG_TF);
}
