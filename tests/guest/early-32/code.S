/* SPDX-License-Identifier: BSD-2-Clause */
#include "code32.h"

    .section .text.boot, "ax"
    .code32
    .globl early
    .type early, @function
early:
    movl %esp, PHYSICAL(early_stack)
    lgdtl PHYSICAL(early_gdt)
    ljmpl $KERNEL_CS32, $PHYSICAL(1f)
1:  movl $KERNEL_SS, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movb $0xff, %al              /* no interrupt: there is no IDT */
    outb %al, $0x21
    outb %al, $0xa1
    SEQUENCE 0
    movl $KERNEL_SS, %eax
    movl %eax, %ss
    movl PHYSICAL(early_stack), %esp
    ret
    .size early, . - early

    .section .rodata, "a"
early_gdt:
    .word GDT_ENTRIES * 8 - 1
    .long PHYSICAL(gdt)

    .bss
early_stack:
    .long 0
    .globl result_count
result_count:
    .long 0
    .section .note.GNU-stack, "", @progbits
