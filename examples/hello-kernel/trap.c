/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 8, continued from gates.c: what comes through the gates.
 */
#include "kernel.h"

#define BREAKPOINT 3
#define PAGE_FAULT 14
#define PF_PRESENT 1

/* 8.4 The exception nobody expected: say everything, then stop. */
static const char *const names[VECTOR_IRQ0] = {
    "divide error",
    "debug",
    "NMI",
    "breakpoint",
    "overflow",
    "bound range",
    "invalid opcode",
    "no FPU",
    "double fault",
    "coprocessor",
    "invalid TSS",
    "segment not present",
    "stack segment",
    "general protection",
    "page fault",
    "vector 15",
    "x87 error",
    "alignment check",
    "machine check",
    "SIMD error",
    "virtualization",
    "control protection",
    "vector 22",
    "vector 23",
    "vector 24",
    "vector 25",
    "vector 26",
    "vector 27",
    "hypervisor injection",
    "VMM communication",
    "security",
    "vector 31",
};

void trap_report(const struct trap_frame *frame)
{
    print("hello-kernel: unexpected exception %lu, %s, error %lx, in %s mode\n", frame->vector,
          names[frame->vector], frame->error, frame->cs & 3 ? "user" : "kernel");
    print_registers(frame);
    panic("unexpected exception");
}

/*
 * 8.5 Some kernel instructions are allowed to fault: the self-tests and the copy from user
 * memory. They are listed with the place to go on at (FIXUP in cpu.h); the linker script collects
 * the list. A fault anywhere else in the kernel is a bug.
 */
struct fixup {
    int32_t from, to;
};
extern const struct fixup fixups_start[], fixups_end[];

/* The last exception that was fixed up or passed over, for whoever provoked it. */
struct fault last_fault;

static void remember(const struct trap_frame *frame)
{
    last_fault.vector = frame->vector;
    last_fault.error = frame->error;
    last_fault.address = frame->vector == PAGE_FAULT ? read_cr2() : 0;
}

static bool fix_up(struct trap_frame *frame)
{
    for (const struct fixup *fixup = fixups_start; fixup < fixups_end; fixup++) {
        if ((unsigned long)&fixup->from + fixup->from == frame->ip) {
            remember(frame);
            frame->ip = (unsigned long)&fixup->to + fixup->to;
            return true;
        }
    }
    return false;
}

/*
 * 8.6 A page fault on a page that is not there may be a task using its heap or stack for the first
 * time, from user mode or by a system call's copy. CR2 must be read before the next fault.
 */
static void exception(struct trap_frame *frame)
{
    bool from_user = frame->cs & 3;

    if (frame->vector == PAGE_FAULT && !(frame->error & PF_PRESENT) && task_demand_page(read_cr2()))
        return;
    if (frame->vector == BREAKPOINT && !from_user) {
        remember(frame); /* its address is behind the int3 already */
        return;
    }
    if (from_user || !fix_up(frame))
        trap_report(frame);
}

/*
 * 8.7 Called by entry.S with interrupts off; goes back the same way. A kernel thread is never
 * taken off the processor against its will: only on the way out to user mode do we look whether
 * the time slice is over.
 */
void trap_dispatch(struct trap_frame *frame)
{
    if (frame->vector < VECTOR_IRQ0)
        exception(frame);
    else if (frame->vector < VECTOR_IRQ0 + 16)
        pic_interrupt((unsigned)frame->vector - VECTOR_IRQ0);
    else
        system_call(frame);

    if (frame->cs & 3)
        task_preempt_if_due();
}
