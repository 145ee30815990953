/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 1: from the loader to C.
 *
 * 1.1 A PVH loader copies our segments to their physical addresses, finds the note below, and
 * jumps to the address in it: 32-bit protected mode, flat segments, paging off, interrupts off,
 * %ebx pointing to the start info. We are linked in the top 2 GiB of the address space, where
 * 32-bit sign-extended addresses reach, but nothing is mapped there yet. So until paging is on
 * each symbol is named by its physical address.
 */
#include "macros.S"
#include "cpu.h"
#include "layout.h"

#define PHYS(symbol)            ((symbol) - KERNEL_BASE)
#define NOTE_PHYS32_ENTRY       18
#define BOOT_STACK_SIZE         (4 * PAGE_SIZE)

    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 8, NOTE_PHYS32_ENTRY       /* length of the name, of the value, type */
    .asciz "Xen"
    .quad PHYS(pvh_start)

/*
 * 1.2 Long mode wants four things: PAE paging with a table to walk (CR4, CR3), EFER.LME, and
 * CR0.PG. Setting the last one activates it, still in a 32-bit code segment; a far return into a
 * 64-bit one completes it. WP makes read-only pages bind the kernel, too.
 */
    .section .text.boot, "ax"
    .code32
FUNCTION pvh_start
    cli
    cld
    movl $PHYS(boot_stack + BOOT_STACK_SIZE), %esp
    lgdt PHYS(boot_gdt_pointer)

    movl %cr4, %eax
    orl $CR4_PAE, %eax
    movl %eax, %cr4
    movl $PHYS(boot_pml4), %eax
    movl %eax, %cr3

    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_LME, %eax
    wrmsr

    movl %cr0, %eax
    orl $(CR0_PG | CR0_WP | CR0_PE), %eax
    movl %eax, %cr0

    pushl $KERNEL_CS
    pushl $PHYS(boot64)
    lretl
END pvh_start

/*
 * 1.3 Now 64-bit, but still at the physical address, in the identity map. One absolute jump takes
 * us to where we were linked. Data segments mean nothing in 64-bit mode: null selectors keep
 * everybody, including the processor at a return to user mode, from touching their bases.
 */
    .text
    .code64
FUNCTION boot64
    movq $kernel_start, %rax
    jmp *%rax
END boot64

FUNCTION kernel_start
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl $KERNEL_SS, %eax
    movl %eax, %ss
    movq $boot_stack + BOOT_STACK_SIZE, %rsp
    xorl %ebp, %ebp
    movl %ebx, %edi             /* start info; clears the upper half, which 32-bit code left open */
    call kernel_main
    ud2                         /* kernel_main does not return */
END kernel_start

/*
 * 1.4 The first GDT. The "accessed" bits are set already, as nothing here may be written.
 */
    .section .rodata, "a"
    .balign 8
OBJECT boot_gdt
    .quad 0
    .quad 0x00af9b000000ffff    /* KERNEL_CS: 64-bit code */
    .quad 0x00cf93000000ffff    /* KERNEL_SS: data */
END boot_gdt

OBJECT boot_gdt_pointer
    .word 3 * 8 - 1
    .long PHYS(boot_gdt)
END boot_gdt_pointer

/*
 * 1.5 The first page tables need no code to fill them. One page directory maps the first 1 GiB of
 * physical memory with 2 MiB pages, and it is seen twice: at 0 (slots 0, 0), where we run when
 * paging comes on, and at KERNEL_BASE (slots 511, 510). paging.c replaces all this.
 */
#define PRESENT_WRITABLE        0x3
#define LARGE_PRESENT_WRITABLE  0x83

    .section .data.page_aligned, "aw"
    .balign PAGE_SIZE
OBJECT boot_pml4
    .quad PHYS(boot_pdpt) + PRESENT_WRITABLE
    .fill 510, 8, 0
    .quad PHYS(boot_pdpt) + PRESENT_WRITABLE
END boot_pml4

OBJECT boot_pdpt
    .quad PHYS(boot_pd) + PRESENT_WRITABLE
    .fill 509, 8, 0
    .quad PHYS(boot_pd) + PRESENT_WRITABLE
    .quad 0
END boot_pdpt

OBJECT boot_pd
    .set frame, 0
    .rept 512
    .quad frame + LARGE_PRESENT_WRITABLE
    .set frame, frame + LARGE_PAGE_SIZE
    .endr
END boot_pd

/* 1.6 The stack we boot on. Later it is the idle task's. */
    .bss
    .balign 16
OBJECT boot_stack
    .skip BOOT_STACK_SIZE
END boot_stack

    .section .note.GNU-stack, "", @progbits
