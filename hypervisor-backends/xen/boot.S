/* SPDX-License-Identifier: BSD-2-Clause */
/* From Xen's domain builder to C. We run where the builder put us, at XEN_VIRT_BASE + the physical address, RSI with the
 * address of the start information; nothing may be absolute until early.c has made the window. */
#include "abi.h"
#include "wedge/layout.h"

    .text
    .globl wedge_xen_start
    .type wedge_xen_start, @function
wedge_xen_start:
    cld
    leaq xen_boot_stack_top(%rip), %rsp
    xorl %ebp, %ebp
    movq %rsi, %rdi
    call xen_early                  /* copies the wedge and loads the new tables */
    movabsq $xen_stack_top, %rsp    /* where we are linked, from here on */
    movabsq $xen_main, %rax
    call *%rax
    ud2
    .size wedge_xen_start, . - wedge_xen_start

/* The linker wants an entry point; the image's own is the guest's. */
    .globl wedge_start
    .set wedge_start, wedge_xen_start

    .section .text.page_aligned, "ax"
    .balign 4096
    .globl wedge_xen_hypercall_page
    .type wedge_xen_hypercall_page, @function
wedge_xen_hypercall_page:
    .skip 4096
    .size wedge_xen_hypercall_page, 4096

    .bss
    .balign 16
    .skip 8192
xen_boot_stack_top:
    .section .note.GNU-stack, "", @progbits
