/* SPDX-License-Identifier: BSD-2-Clause */
/* Why: nothing keeps a kernel from using syscall and the like itself.
 * Expected: it comes to the kernel's own entry, with RCX and R11, as from user mode; RSP stays. */
#include "guest.h"

static uint64_t r11, rcx;

static bool hook(struct frame *frame)
{
    if (frame->vector != VECTOR_SYSCALL)
        return false;
    r11 = frame->r11;
    rcx = frame->rcx;
    frame->cs = KERNEL_CS;
    frame->ss = KERNEL_SS;
    return true;
}

void test(void)
{
    uint64_t before, after, start, end;

    trap_hook = hook;
    flags_write(2 | FLAG_ID);
    asm volatile(
        "movq %%rsp, %0; leaq 1f(%%rip), %2; leaq 2f(%%rip), %3\n1: syscall\n2: movq %%rsp, %1"
        : "=&r"(before), "=&r"(after), "=&r"(start), "=&r"(end)::"rcx", "r11", "memory");
    check("RSP is as before", before == after);
    check("RCX is behind it", rcx > start && rcx <= end);
    show("R11", r11 & (FLAG_IF | FLAG_ID));
    flags_write(2);
}
