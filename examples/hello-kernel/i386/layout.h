/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where everything lies on i386. Assembly, C and the linker script all read this file, so it
 * holds nothing but numbers.
 *
 *   0x00400000  the user program: text, then read-only data    (same pages in each task)
 *   0x00600000  one page that all tasks share
 *   0x00800000  heap, mapped on demand                         (private)
 *   0xbf000000  top of the user stack, mapped on demand        (private)
 *   0xc0000000  physical memory from 0 on, as far as it is RAM
 *   0xc1000000  ... where the kernel's own image is
 *   0xf0000000  a window for pages that the kernel maps for a moment
 *
 * The "upper half" is the last quarter: 4 GiB are soon used up, and programs want more of them
 * than a kernel does.
 */
#ifndef HELLO_LAYOUT_H
#define HELLO_LAYOUT_H

#define PAGE_SIZE       0x1000
#define LARGE_PAGE_SIZE 0x400000

#define USER_TEXT       0x400000
#define USER_SHARED     0x600000
#define USER_HEAP       0x800000
#define USER_HEAP_SIZE  0x10000
#define USER_STACK_TOP  0xbf000000
#define USER_STACK_SIZE 0x10000
#define USER_TOP        0xc0000000

#define KERNEL_BASE     0xc0000000
#define KERNEL_PHYS     0x1000000
#define KERNEL_MAP_SIZE 0x30000000
#define KERNEL_WINDOW   0xf0000000

/* Selectors. */
#define KERNEL_CS        0x08
#define KERNEL_SS        0x10
#define USER_CS          0x1b
#define USER_SS          0x23
#define CPU_SELECTOR     0x28
#define TSS_SELECTOR     0x30
#define DOUBLE_FAULT_TSS 0x38
#define GDT_ENTRIES      8
#define GATE_SIZE        8

/* Vectors beyond the 32 exceptions. */
#define VECTOR_IRQ0  0x20
#define VECTOR_INT80 0x80

/* Offset in struct cpu (segments.c), where %gs begins while the kernel runs. */
#define CPU_CURRENT 0

#endif
