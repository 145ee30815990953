/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 1: from the loader to C.
 *
 * 1.1 A PVH loader copies our segments to their physical addresses, finds the note below, and
 * jumps to the address in it: 32-bit protected mode, flat segments, paging off, interrupts off,
 * %ebx pointing to the start info. We are linked in the top quarter of the address space, but
 * nothing is mapped there yet. So until paging is on each symbol is named by its physical address.
 */
#include "macros.S"
#include "cpu.h"
#include "layout.h"

#define PHYS(symbol)            ((symbol) - KERNEL_BASE)
#define NOTE_PHYS32_ENTRY       18
#define BOOT_STACK_SIZE         (4 * PAGE_SIZE)

    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 4, NOTE_PHYS32_ENTRY       /* length of the name, of the value, type */
    .asciz "Xen"
    .long PHYS(pvh_start)

/*
 * 1.2 The mode is the right one already; what is missing is paging: a table to walk (CR3), whose
 * entries may be large pages (CR4.PSE), and CR0.PG. The far jump loads CS from our own GDT and
 * takes us from the physical address, in the identity map, to where we were linked, in one step.
 * WP makes read-only pages bind the kernel, too.
 */
    .section .text.boot, "ax"
FUNCTION pvh_start
    cli
    cld
    lgdt PHYS(boot_gdt_pointer)

    movl %cr4, %eax
    orl $CR4_PSE, %eax
    movl %eax, %cr4
    movl $PHYS(boot_directory), %eax
    movl %eax, %cr3

    movl %cr0, %eax
    orl $(CR0_PG | CR0_WP | CR0_PE), %eax
    movl %eax, %cr0

    ljmp $KERNEL_CS, $kernel_start
END pvh_start

/*
 * 1.3 Data segments are the loader's until we load them. All that C uses begin at 0 and end at
 * 4 GiB, so that addresses are what they seem to be. FS and GS are null: nobody uses them yet.
 */
    .text
FUNCTION kernel_start
    movl $KERNEL_SS, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movl $boot_stack + BOOT_STACK_SIZE - 12, %esp
    xorl %ebp, %ebp
    pushl %ebx                  /* start info; with it the stack is aligned to 16 */
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
    .quad 0x00cf9b000000ffff    /* KERNEL_CS: 32-bit code, 4 GiB from 0 */
    .quad 0x00cf93000000ffff    /* KERNEL_SS: data, the same */
END boot_gdt

OBJECT boot_gdt_pointer
    .word 3 * 8 - 1
    .long PHYS(boot_gdt)
END boot_gdt_pointer

/*
 * 1.5 The first page table needs no code to fill it, and with large pages one is enough. It maps
 * the first KERNEL_MAP_SIZE of physical memory with 4 MiB pages twice: at 0, where we run when
 * paging comes on, and at KERNEL_BASE. paging.c replaces all this.
 */
#define LARGE_PRESENT_WRITABLE  0x83
#define LARGE_PAGES             (KERNEL_MAP_SIZE / LARGE_PAGE_SIZE)
#define KERNEL_SLOT             (KERNEL_BASE / LARGE_PAGE_SIZE)

.macro MAP_PHYSICAL_MEMORY
    .set frame, 0
    .rept LARGE_PAGES
    .long frame + LARGE_PRESENT_WRITABLE
    .set frame, frame + LARGE_PAGE_SIZE
    .endr
.endm

    .section .data.page_aligned, "aw"
    .balign PAGE_SIZE
OBJECT boot_directory
    MAP_PHYSICAL_MEMORY
    .fill KERNEL_SLOT - LARGE_PAGES, 4, 0
    MAP_PHYSICAL_MEMORY
    .fill 1024 - KERNEL_SLOT - LARGE_PAGES, 4, 0
END boot_directory

/* 1.6 The stack we boot on. Later it is the idle task's. */
    .bss
    .balign 16
OBJECT boot_stack
    .skip BOOT_STACK_SIZE
END boot_stack

    .section .note.GNU-stack, "", @progbits
