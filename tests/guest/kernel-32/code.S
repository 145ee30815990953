/* SPDX-License-Identifier: BSD-2-Clause */
#include "callees.h"
#include "code32.h"

/* void run32(void): to compatibility mode in ring 0, below 4 GB, and back. */
    .text
    .globl run32, frames32
    .type run32, @function
run32:
    SAVE_CALLEES
    movq %rsp, saved_stack(%rip)
    movq $PHYSICAL(stack32), %rsp
    movl $KERNEL_SS, %eax
    movl %eax, %ds
    movl %eax, %es
    pushq $KERNEL_CS32
    pushq $PHYSICAL(code32)
    lretq

    .code32
code32:
    SEQUENCE 1
    /* Exceptions and software interrupts come to 64-bit handlers, and go back to here. */
    movl $0x11111111, %eax
    movl $0x22222222, %edx
    ud2
    int $0x90
    movl $0x7fffffff, %ecx
    incl %ecx
    into
    movl 0xf0000000, %ecx
    nop
    movl $KERNEL_SS, %eax
    movl %eax, %ss
    ljmpl $KERNEL_CS, $PHYSICAL(back64)

    .code64
back64:
    movq $1f, %rax
    jmp *%rax
1:  movq saved_stack(%rip), %rsp
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    RESTORE_CALLEES
    ret
    .size run32, . - run32

    .bss
    .balign 16
    .skip 4096
stack32:
    .skip 16
saved_stack:
    .quad 0
    .globl result_count
result_count:
    .long 0
    .section .note.GNU-stack, "", @progbits
