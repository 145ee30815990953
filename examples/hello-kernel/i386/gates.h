/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What entry.S leaves on the kernel's stack. The manual's names without their first letter, so
 * that code for every kind of processor can read them.
 */
#ifndef HELLO_GATES_H
#define HELLO_GATES_H

#include "cpu.h"
#include "layout.h"

/*
 * Built at each way in (7.1), lowest address first. A push of a selector fills a word, but which
 * upper half it gets is the processor's affair. It pushes SP and SS only when it comes from user
 * mode: a frame from kernel mode ends with the flags, and above it lies what lay there before.
 */
struct trap_frame {
    uint16_t gs, gs_upper, fs, fs_upper, es, es_upper, ds, ds_upper;
    unsigned long di, si, bp, sp_of_pusha, bx, dx, cx, ax;
    unsigned long vector, error;
    unsigned long ip;
    uint16_t cs, cs_upper;
    unsigned long flags, sp;
    uint16_t ss, ss_upper;
};

/* Built by switch_context() (7.5), lowest address first. */
struct switch_frame {
    unsigned long di, si, bp, bx;
    unsigned long return_address;
};

/* A frame that leads to user mode, to `ip` with the stack pointer `sp`. */
static inline struct trap_frame user_frame(unsigned long ip, unsigned long sp)
{
    return (struct trap_frame){
        .es = USER_SS,
        .ds = USER_SS,
        .ip = ip,
        .cs = USER_CS,
        .flags = FLAGS_FIXED | FLAGS_IF,
        .sp = sp,
        .ss = USER_SS,
    };
}

/* System calls come by one gate: 0 is int $0x80. */
#define SYSTEM_CALL_GATES 1
static inline unsigned gate_used(const struct trap_frame *frame)
{
    (void)frame;
    return 0;
}

#endif
