/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where everything lies on x86_64. Assembly, C and the linker script all read this file, so it
 * holds nothing but numbers.
 *
 *   0x0000000000400000  the user program: text, then read-only data    (same pages in each task)
 *   0x0000000000600000  one page that all tasks share
 *   0x0000000000800000  heap, mapped on demand                         (private)
 *   0x00007fff00000000  top of the user stack, mapped on demand        (private)
 *   0xffffffff80000000  physical memory from 0 on, as far as it is RAM
 *   0xffffffff81000000  ... where the kernel's own image is
 *   0xffffffffc0000000  a window for pages that the kernel maps for a moment
 */
#ifndef HELLO_LAYOUT_H
#define HELLO_LAYOUT_H

#define PAGE_SIZE       0x1000
#define LARGE_PAGE_SIZE 0x200000

#define USER_TEXT       0x400000
#define USER_SHARED     0x600000
#define USER_HEAP       0x800000
#define USER_HEAP_SIZE  0x10000
#define USER_STACK_TOP  0x7fff00000000
#define USER_STACK_SIZE 0x10000
#define USER_TOP        0x800000000000

#define KERNEL_BASE     0xffffffff80000000
#define KERNEL_PHYS     0x1000000
#define KERNEL_MAP_SIZE 0x40000000
#define KERNEL_WINDOW   0xffffffffc0000000

/* Selectors. SYSCALL and SYSRET fix their order: see gates.c. */
#define KERNEL_CS    0x08
#define KERNEL_SS    0x10
#define USER_SS      0x1b
#define USER_CS      0x23
#define TSS_SELECTOR 0x28
#define GDT_ENTRIES  7
#define GATE_SIZE    16

/* Vectors beyond the 32 exceptions. The last is no vector: it marks a frame made by SYSCALL. */
#define VECTOR_IRQ0    0x20
#define VECTOR_INT80   0x80
#define VECTOR_SYSCALL 0x100

/* Offsets in struct cpu (segments.c), which %gs points to while the kernel runs. */
#define CPU_KERNEL_STACK 0
#define CPU_USER_STACK   8
#define CPU_CURRENT      16

#endif
