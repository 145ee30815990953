/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 7: the gates.
 *
 * 7.1 All ways into the kernel build the same frame, struct trap_frame, on the kernel's stack and
 * call trap_dispatch() with it. The processor pushes SS, RSP, RFLAGS, CS, RIP and for some
 * exceptions an error code; we push 0 where it does not, then the vector's number.
 */
#include "macros.S"
#include "cpu.h"
#include "layout.h"

#define FRAME_CS                (18 * 8)        /* seen from a complete frame */
#define STUB_CS                 (3 * 8)         /* seen from a stub's: vector, error, RIP, CS */

#define ADDRESS                 .quad
#include "stubs.S"

.macro SAVE_REGISTERS
    pushq %rax
    pushq %rbx
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rbp
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
.endm

.macro RESTORE_REGISTERS
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rbp
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rbx
    popq %rax
.endm

/*
 * 7.3 In the kernel GS points to struct cpu, in user mode to whatever the user likes; swapgs
 * exchanges the two. It must run once per crossing, so only when the interrupted code segment
 * has privilege level 3. Interrupts are off here: each gate is an interrupt gate. (An NMI between
 * a crossing and its swapgs would find the wrong GS; here an NMI ends the run anyway.)
 */
FUNCTION trap_entry
    cld
    testb $3, STUB_CS(%rsp)
    jz 1f
    swapgs
1:  SAVE_REGISTERS
    movq %rsp, %rdi
    call trap_dispatch
    jmp trap_return
END trap_entry

/* 7.4 The way back, also the first instructions of a new task: task.c makes a frame for it. */
FUNCTION trap_return
    testb $3, FRAME_CS(%rsp)
    jz 1f
    swapgs
1:  RESTORE_REGISTERS
    addq $16, %rsp              /* vector and error code */
    iretq
END trap_return

/*
 * 7.5 SYSCALL is quicker because it does less: it saves RIP in %rcx and RFLAGS in %r11, masks
 * RFLAGS, and loads CS and SS with constants. Even the stack is still the user's. We park its
 * pointer in struct cpu, take the kernel's, and build the same frame by hand.
 */
FUNCTION syscall_entry
    swapgs
    movq %rsp, %gs:CPU_USER_STACK
    movq %gs:CPU_KERNEL_STACK, %rsp
    pushq $USER_SS
    pushq %gs:CPU_USER_STACK
    pushq %r11
    pushq $USER_CS
    pushq %rcx
    pushq $0
    pushq $VECTOR_SYSCALL
    SAVE_REGISTERS
    movq %rsp, %rdi
    call trap_dispatch

/*
 * 7.6 SYSRET takes RIP from %rcx and RFLAGS from %r11, which the frame still holds under the
 * names SYSCALL gave them. On Intel a non-canonical %rcx faults in the kernel, on the user's
 * stack: it cannot happen here, as no user page lies at the top of the user's half.
 */
    RESTORE_REGISTERS
    movq 40(%rsp), %rsp         /* over vector, error, RIP, CS, RFLAGS: the user's RSP */
    swapgs
    sysretq
END syscall_entry

/*
 * 7.7 void switch_context(unsigned long *save, unsigned long load): leave one kernel stack, go on
 * on another. The C compiler saves the rest at the call.
 */
FUNCTION switch_context
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret
END switch_context

    .section .note.GNU-stack, "", @progbits
