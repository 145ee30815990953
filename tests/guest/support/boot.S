/* SPDX-License-Identifier: BSD-2-Clause */
/* From the PVH entry (32-bit protected mode, paging off; Xen's docs/misc/pvh.pandoc) to 64-bit C. */
#include "layout.h"

#define PHYSICAL(symbol) ((symbol) - KERNEL_BASE)

    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 8, 18                      /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .quad PHYSICAL(pvh_start)

    .section .text.boot, "ax"
    .code32
    .globl pvh_start
    .type pvh_start, @function
pvh_start:
    cli
    cld
    movl $PHYSICAL(boot_stack_top), %esp
    lgdt PHYSICAL(boot_gdt_pointer)
    call early
    movl %cr4, %eax
    orl $0x20, %eax                     /* PAE */
    movl %eax, %cr4
    movl $PHYSICAL(boot_pml4), %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx              /* EFER: LME, NXE, SCE */
    rdmsr
    orl $0x901, %eax
    wrmsr
    movl %cr0, %eax
    orl $0x80010001, %eax               /* PG, WP, PE */
    movl %eax, %cr0
    pushl $KERNEL_CS
    pushl $PHYSICAL(boot64)
    lretl
    .size pvh_start, . - pvh_start

/* A program may have a function early, which runs in 32-bit mode before there is paging. */
    .weak early
    .type early, @function
early:
    ret
    .size early, . - early

    .code64
    .type boot64, @function
boot64:
    movq $start, %rax
    jmp *%rax
    .size boot64, . - boot64

    .text
    .type start, @function
start:
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl $KERNEL_SS, %eax
    movl %eax, %ss
    movq $boot_stack_top, %rsp
    xorl %ebp, %ebp
    call guest_main
    ud2
    .size start, . - start

    .section .rodata, "a"
    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff            /* KERNEL_CS */
    .quad 0x00cf93000000ffff            /* KERNEL_SS */
boot_gdt_pointer:
    .word 3 * 8 - 1
    .long PHYSICAL(boot_gdt)

/* The first 1 GB, by pages of 2 MB, at 0 and at KERNEL_BASE. */
    .section .data.page_aligned, "aw"
    .balign PAGE_SIZE
    .globl boot_pml4, boot_pdpt, boot_pd
boot_pml4:
    .quad PHYSICAL(boot_pdpt) + 3
    .fill 510, 8, 0
    .quad PHYSICAL(boot_pdpt) + 3
boot_pdpt:
    .quad PHYSICAL(boot_pd) + 3
    .fill 509, 8, 0
    .quad PHYSICAL(boot_pd) + 3
    .quad 0
boot_pd:
    .set frame, 0
    .rept 512
    .quad frame + 0x83
    .set frame, frame + LARGE_PAGE_SIZE
    .endr

    .bss
    .balign 16
    .skip 0x8000
    .globl boot_stack_top
boot_stack_top:
    .skip 16
    .section .note.GNU-stack, "", @progbits
