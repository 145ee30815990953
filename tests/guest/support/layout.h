/* SPDX-License-Identifier: BSD-2-Clause */
/* Where everything lies in a test program; C, assembly and the linker script read this. */
#ifndef GUEST_LAYOUT_H
#define GUEST_LAYOUT_H

#define PAGE_SIZE       0x1000
#define LARGE_PAGE_SIZE 0x200000

#define KERNEL_BASE     0xffffffff80000000 /* physical memory from 0 on, 1 GB of it */
#define KERNEL_PHYSICAL 0x1000000          /* our image */
#define POOL_PHYSICAL   0x2000000          /* page_new takes from here on */
#define WINDOW          0xffffffffc0000000 /* nothing is here: for the programs */

#define USER_TEXT  0x400000 /* what is in .user.text and .user.data */
#define USER_STACK 0x800000 /* the user stack's end; four pages */

/* Selectors. SYSCALL and SYSRET fix the order of the first five. */
#define KERNEL_CS     0x08
#define KERNEL_SS     0x10
#define USER_CS32     0x1b
#define USER_SS       0x23
#define USER_CS       0x2b
#define KERNEL_CS32   0x30
#define TSS_SELECTOR  0x38
#define LDT_SELECTOR  0x48
#define FREE_SELECTOR 0x58 /* from here on the programs' */
#define GDT_ENTRIES   32

#define VECTOR_IRQ0    0x20
#define VECTOR_SYSCALL 0x100

#endif
