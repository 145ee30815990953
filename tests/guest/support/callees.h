/* SPDX-License-Identifier: BSD-2-Clause */
/* For assembly: the registers that a function keeps for its caller (System V ABI, 3.2.1). */
#ifndef GUEST_CALLEES_H
#define GUEST_CALLEES_H

/* clang-format off */

.macro SAVE_CALLEES
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
.endm

.macro RESTORE_CALLEES
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
.endm

#endif
