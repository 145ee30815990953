/* SPDX-License-Identifier: BSD-2-Clause */
/* All ways into the kernel build a struct frame and call trap(). */
#include "callees.h"
#include "layout.h"

#define VECTORS_WITH_ERROR 0x60227d00

    .text
    .type trap_stubs_code, @function
trap_stubs_code:
    .set vector, 0
    .rept 256
    .pushsection .rodata.stubs, "a"
    .quad 1f
    .popsection
1:  .if vector >= 32 || ((VECTORS_WITH_ERROR >> (vector & 31)) & 1) == 0
    pushq $0
    .endif
    pushq $vector
    jmp trap_entry
    .set vector, vector + 1
    .endr
    .size trap_stubs_code, . - trap_stubs_code

    .section .rodata.stubs, "a"
    .balign 8
    .globl trap_stubs
    .set trap_stubs, .rodata.stubs

.macro SAVE
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rbx
    pushq %rbp
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
.endm
.macro RESTORE
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rbp
    popq %rbx
    popq %rdx
    popq %rcx
    popq %rax
.endm

    .text
    .type trap_entry, @function
trap_entry:
    cld
    SAVE
    movq %rsp, %rdi
    movq %rsp, %rbp
    andq $~15, %rsp
    call trap
    movq %rbp, %rsp
    RESTORE
    addq $16, %rsp
    iretq
    .size trap_entry, . - trap_entry

/* SYSCALL: still on the user's stack, which must not be touched. By CSTAR the same from 32-bit code. */
.macro SYSCALL_ENTRY name, selector, vector
    .globl \name
    .type \name, @function
\name:
    movq %rsp, syscall_rsp(%rip)
    leaq trap_stack_top(%rip), %rsp
    pushfq
    popq syscall_flags(%rip)
    pushq $USER_SS
    pushq syscall_rsp(%rip)
    pushq %r11
    pushq $\selector
    pushq %rcx
    pushq $0
    pushq $\vector
    jmp trap_entry
    .size \name, . - \name
.endm
    SYSCALL_ENTRY syscall_entry, USER_CS, VECTOR_SYSCALL
    SYSCALL_ENTRY syscall_entry32, USER_CS32, VECTOR_SYSCALL + 1

/* void user_go(struct frame *): to user mode; comes back when anything brings the processor back. */
    .globl user_go, user_back, user_go_sysret
    .type user_go, @function
user_go:
    SAVE_CALLEES
    movq %rsp, user_return_rsp(%rip)
    movq %rdi, %rsp
    RESTORE
    addq $16, %rsp
    iretq
    .size user_go, . - user_go

/* The same by SYSRETQ: RIP, RFLAGS and RSP are those of the frame; RCX and R11 show them. */
    .type user_go_sysret, @function
user_go_sysret:
    SAVE_CALLEES
    movq %rsp, user_return_rsp(%rip)
    movq %rdi, %rsp
    RESTORE
    movq 16(%rsp), %rcx
    movq 32(%rsp), %r11
    movq 40(%rsp), %rsp
    sysretq
    .size user_go_sysret, . - user_go_sysret

    .type user_back, @function
user_back:
    movq user_return_rsp(%rip), %rsp
    RESTORE_CALLEES
    ret
    .size user_back, . - user_back

    .bss
    .balign 16
    .globl syscall_flags, syscall_rsp, trap_stack_top, user_return_rsp
syscall_flags:
    .quad 0
syscall_rsp:
    .quad 0
user_return_rsp:
    .quad 0
    .balign 16
    .skip 0x4000
trap_stack_top:
    .skip 16
    .section .note.GNU-stack, "", @progbits
