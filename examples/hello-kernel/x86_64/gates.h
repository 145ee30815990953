/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What entry.S leaves on the kernel's stack. The manual's names without their first letter, so
 * that code for every kind of processor can read them.
 */
#ifndef HELLO_GATES_H
#define HELLO_GATES_H

#include "cpu.h"
#include "layout.h"

/* Built at each way in (7.1), lowest address first. */
struct trap_frame {
    unsigned long r15, r14, r13, r12, r11, r10, r9, r8;
    unsigned long bp, di, si, dx, cx, bx, ax;
    unsigned long vector, error;
    unsigned long ip, cs, flags, sp, ss;
};

/* Built by switch_context() (7.7), lowest address first. */
struct switch_frame {
    unsigned long r15, r14, r13, r12, bp, bx;
    unsigned long return_address;
};

/* A frame that leads to user mode, to `ip` with the stack pointer `sp`. */
static inline struct trap_frame user_frame(unsigned long ip, unsigned long sp)
{
    return (struct trap_frame){
        .ip = ip, .cs = USER_CS, .flags = FLAGS_FIXED | FLAGS_IF, .sp = sp, .ss = USER_SS};
}

/* System calls come by two gates: 0 is int $0x80, 1 is SYSCALL. */
#define SYSTEM_CALL_GATES 2
static inline unsigned gate_used(const struct trap_frame *frame)
{
    return frame->vector == VECTOR_SYSCALL;
}

void syscall_entry(void);

#endif
