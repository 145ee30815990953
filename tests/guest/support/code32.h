/* SPDX-License-Identifier: BSD-2-Clause */
/* Sensitive instructions of 32-bit code in ring 0, for programs that run them with and without
 * paging. What they give goes to `results`; main.c of the program names it. The GDT is that of
 * segments.c, CS KERNEL_CS32, DS, ES and SS KERNEL_SS, and addresses are physical ones. */
#ifndef GUEST_CODE32_H
#define GUEST_CODE32_H

#include "layout.h"

#define PHYSICAL(symbol) ((symbol)-KERNEL_BASE)

/* clang-format off */
.macro RESULT name
    movl %eax, PHYSICAL(results) + 4 * result
    .pushsection .rodata.names, "a"
    .asciz "\name"
    .popsection
    .set result, result + 1
.endm

.macro SEQUENCE paging
    .set result, 0
    .pushsection .rodata.names, "a"
    .globl result_names
result_names:
    .popsection
    .pushsection .bss
    .globl results
    .balign 16
results:
    .skip 512
scratch32:
    .skip 64
    .popsection

    /* Flags. */
    cli
    pushfl
    popl %eax
    andl $0x200, %eax
    RESULT "cli"
    sti
    pushfl
    cli
    popl %eax
    andl $0x200, %eax
    RESULT "sti"
    pushl $0x200ed7
    popfl
    pushfl
    popl %eax
    cld
    cli
    RESULT "popfl"
    movl %esp, %edx
    pushfw
    subl %esp, %edx
    popw %ax
    movl %edx, %eax
    RESULT "pushfw pushes"

    /* Segments. */
    xorl %eax, %eax
    pushl %cs
    popl %eax
    RESULT "push %cs"
    pushl %ss
    popl %eax
    RESULT "push %ss"
    movl $-1, %eax
    movl %ds, %eax
    RESULT "mov %ds"
    pushl $0
    popl %es
    movl %es, %eax
    RESULT "pop %es"
    movl $KERNEL_SS, %eax
    movl %eax, %es
    movl %es, %eax
    RESULT "mov to %es"
    pushl $KERNEL_SS
    popl %ss
    movl %ss, %eax
    RESULT "pop %ss"
    pushw %ds
    popw %fs
    movl %fs, %eax
    RESULT "pop %fs, 16 bits"
    movl $0x12345678, PHYSICAL(scratch32)
    movw $KERNEL_SS, PHYSICAL(scratch32) + 4
    ldsl PHYSICAL(scratch32), %eax
    RESULT "lds, the offset"
    lesl PHYSICAL(scratch32), %edx
    movl %es, %eax
    RESULT "les, the selector"
    lgsl PHYSICAL(scratch32), %edx
    movl %gs, %eax
    RESULT "lgs, the selector"
    lssl PHYSICAL(scratch32), %edx
    movl %edx, %eax
    RESULT "lss, the offset"
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs

    /* Selectors. */
    movl $KERNEL_SS, %ecx
    larl %ecx, %eax
    andl $0xf0ff00, %eax
    RESULT "lar"
    lsll %ecx, %eax
    RESULT "lsl"
    xorl %eax, %eax
    verr %cx
    setz %al
    RESULT "verr"
    xorl %eax, %eax
    movl $KERNEL_CS32, %ecx
    verw %cx
    setz %al
    RESULT "verw of code"
    movl $0x10, %eax
    movl $0x3, %ecx
    arpl %cx, %ax
    RESULT "arpl"

    /* Far transfers. */
    movl $1, %eax
    ljmpl $KERNEL_CS32, $PHYSICAL(81f)
    movl $2, %eax
81: RESULT "ljmp"
    movl $PHYSICAL(82f), PHYSICAL(scratch32)
    movw $KERNEL_CS32, PHYSICAL(scratch32) + 4
    movl $3, %eax
    ljmpl *PHYSICAL(scratch32)
    movl $4, %eax
82: RESULT "ljmp by memory"
    movl %esp, %edx
    lcalll $KERNEL_CS32, $PHYSICAL(83f)
    movl %esp, %eax
    subl %edx, %eax
    RESULT "lcall and lret, RSP"
    jmp 84f
83: movl 4(%esp), %eax
    RESULT "lcall pushed"
    lretl
84: pushl $0
    pushl $0
    movl %esp, %edx
    pushl $KERNEL_CS32
    pushl $PHYSICAL(85f)
    lretl $8
85: movl %esp, %eax
    subl %edx, %eax
    RESULT "lret of 8 bytes more, RSP"
    movl %esp, %edx
    pushl $0x3
    pushl $KERNEL_CS32
    pushl $PHYSICAL(86f)
    iretl
86: setc %al
    movzbl %al, %eax
    RESULT "iret, CF"

    /* Tables. */
    movl $-1, PHYSICAL(scratch32) + 4
    sgdtl PHYSICAL(scratch32)
    movzwl PHYSICAL(scratch32), %eax
    RESULT "sgdt, the limit"
    movl PHYSICAL(scratch32) + 2, %eax
    subl $PHYSICAL(gdt), %eax
    RESULT "sgdt, the base"
    movl PHYSICAL(scratch32) + 4, %eax
    shrl $16, %eax
    RESULT "and no more"
    .if \paging == 0 /* it would lose its upper half */
    lgdtl PHYSICAL(scratch32)
    .endif
    xorl %eax, %eax
    lldt %ax
    movl $-1, %eax
    sldtl %eax
    RESULT "sldt"

    /* Control and debug registers. */
    movl %cr0, %eax
    andl $0x7fffffff, %eax
    RESULT "CR0 without PG"
    orl $8, %eax
    movl %cr0, %eax
    orl $8, %eax
    movl %eax, %cr0
    smsw %ax
    movzwl %ax, %eax
    RESULT "smsw"
    clts
    movl %cr0, %eax
    andl $0xffff, %eax
    RESULT "clts"
    movl $0x1234, %eax
    movl %eax, %cr2
    xorl %eax, %eax
    movl %cr2, %eax
    RESULT "CR2"
    movl $0x5678, %eax
    movl %eax, %dr1
    xorl %eax, %eax
    movl %dr1, %eax
    RESULT "DR1"

    /* Ports. */
    movb $0x77, %al
    movl $0x3ff, %edx
    outb %al, %dx
    xorl %eax, %eax
    inb %dx, %al
    RESULT "out and in"
    movl $PHYSICAL(scratch32), %edi
    movl $4, %ecx
    rep insb
    movl PHYSICAL(scratch32), %eax
    RESULT "rep insb"
    movl %ecx, %eax
    RESULT "left"
    movl $PHYSICAL(scratch32), %esi
    movb $0x55, PHYSICAL(scratch32)
    outsb
    inb %dx, %al
    movzbl %al, %eax
    RESULT "outsb"

    /* Registers of the model, and what the processor is. */
    movl $0xc0000081, %ecx
    movl $0x12345678, %eax
    movl $0x9abcdef0, %edx
    wrmsr
    xorl %eax, %eax
    rdmsr
    RESULT "STAR, low"
    movl %edx, %eax
    RESULT "STAR, high"
    rdtsc
    movl $0, %eax
    xorl %ecx, %ecx
    cpuid
    xorl %ecx, %ebx
    xorl %eax, %eax
    testl %ebx, %ebx
    setnz %al
    RESULT "cpuid shows a vendor"
    wbinvd
    invlpg PHYSICAL(scratch32)
    movl $result, %eax
    movl %eax, PHYSICAL(result_count)
.endm
/* clang-format on */

#endif
