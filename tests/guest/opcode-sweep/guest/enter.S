/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Into a case and out of it again. A case is entered by iretq in either ring, so both start alike; every way out goes
 * through an interrupt-stack-table stack (or none, for system calls), so the case's own stack shows only what the case
 * itself put there. */
#include "../sweep-abi.h"

/* Offsets in struct registers. */
#define R_GPR(n) (8 * (n))
#define R_RIP    (8 * 16)
#define R_FLAGS  (8 * 17)
#define R_CS     (8 * 18)
#define R_SS     (8 * 19)
#define R_END    (8 * 20)
#define R_ERROR  (8 * 21)

#define TIMER_VECTOR 0x20
/* The timer wakes a hlt; only what is still running at the third tick is taken for endless. */
#define TIMER_TICKS_MAX 3
#define APIC_EOI        0xfee000b0

        .text
        .globl  enter_case
enter_case:
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        mov     %rsp, monitor_stack
        movl    $0, timer_ticks
        pushq   R_SS(%rdi)
        pushq   R_GPR(4)(%rdi)
        pushq   R_FLAGS(%rdi)
        pushq   R_CS(%rdi)
        pushq   R_RIP(%rdi)
        mov     R_GPR(0)(%rdi), %rax
        mov     R_GPR(1)(%rdi), %rcx
        mov     R_GPR(2)(%rdi), %rdx
        mov     R_GPR(3)(%rdi), %rbx
        mov     R_GPR(5)(%rdi), %rbp
        mov     R_GPR(6)(%rdi), %rsi
        mov     R_GPR(8)(%rdi), %r8
        mov     R_GPR(9)(%rdi), %r9
        mov     R_GPR(10)(%rdi), %r10
        mov     R_GPR(11)(%rdi), %r11
        mov     R_GPR(12)(%rdi), %r12
        mov     R_GPR(13)(%rdi), %r13
        mov     R_GPR(14)(%rdi), %r14
        mov     R_GPR(15)(%rdi), %r15
        mov     R_GPR(7)(%rdi), %rdi
        iretq

/* All registers but RSP, by absolute address: no register and no segment base is ours here. */
        .macro  store_registers
        mov     %rax, ended + R_GPR(0)
        mov     %rcx, ended + R_GPR(1)
        mov     %rdx, ended + R_GPR(2)
        mov     %rbx, ended + R_GPR(3)
        mov     %rbp, ended + R_GPR(5)
        mov     %rsi, ended + R_GPR(6)
        mov     %rdi, ended + R_GPR(7)
        mov     %r8, ended + R_GPR(8)
        mov     %r9, ended + R_GPR(9)
        mov     %r10, ended + R_GPR(10)
        mov     %r11, ended + R_GPR(11)
        mov     %r12, ended + R_GPR(12)
        mov     %r13, ended + R_GPR(13)
        mov     %r14, ended + R_GPR(14)
        mov     %r15, ended + R_GPR(15)
        .endm

/* On the stack: end, error, then the CPU's frame. */
leave_by_exception:
        store_registers
        popq    ended + R_END
        popq    ended + R_ERROR
        popq    ended + R_RIP
        popq    ended + R_CS
        popq    ended + R_FLAGS
        popq    ended + R_GPR(4)
        popq    ended + R_SS
        mov     monitor_stack, %rsp
leave:
        cld
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        ret

/* A system call's target: RSP is still the case's, and RIP and RFLAGS on entry are wherever the instruction put them
 * (among the registers just stored), so the kernel's own are taken. */
        .macro  leave_by_call end
        store_registers
        mov     %rsp, ended + R_GPR(4)
        mov     monitor_stack, %rsp
        pushfq
        popq    ended + R_FLAGS
        mov     %cs, %eax
        mov     %rax, ended + R_CS
        mov     %ss, %eax
        mov     %rax, ended + R_SS
        movq    $0, ended + R_RIP
        movq    $0, ended + R_ERROR
        movq    $\end, ended + R_END
        jmp     leave
        .endm

        .globl  entry_syscall, entry_sysenter
entry_syscall:
        leave_by_call SWEEP_END_SYSCALL_NUMBER
entry_sysenter:
        leave_by_call SWEEP_END_SYSENTER_NUMBER

timer:
        push    %rax
        mov     $APIC_EOI, %eax
        movl    $0, (%rax)
        incl    timer_ticks
        cmpl    $TIMER_TICKS_MAX, timer_ticks
        pop     %rax
        jae     1f
        iretq
1:      pushq   $0
        pushq   $SWEEP_END_TIMEOUT_NUMBER
        jmp     leave_by_exception

        .balign 16
        .globl  vector_stubs
vector_stubs:
        .set    vector, 0
        .rept   256
        .balign 16
        .if     vector == TIMER_VECTOR
        jmp     timer
        .else
        /* The vectors for which the CPU pushes an error code (Intel SDM vol. 3, table 6-1; AMD APM: 29, 30). */
        .if     !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
        pushq   $0
        .endif
        pushq   $SWEEP_END_EXCEPTION_NUMBER + vector
        jmp     leave_by_exception
        .endif
        .set    vector, vector + 1
        .endr

        .bss
        .balign 8
monitor_stack:
        .quad   0
        .globl  ended, timer_ticks
ended:
        .fill   22, 8, 0
timer_ticks:
        .long   0
