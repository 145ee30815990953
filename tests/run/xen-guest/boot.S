/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What Xen wants of a PV64 domain before its first instruction: notes (xen/public/elfnote.h), a
 * page that it fills with hypercalls, and an entry that gets the start information in %rsi. */

#define NOTE_HYPERCALL_PAGE 2
#define NOTE_VIRT_BASE      3
#define NOTE_XEN_VERSION    5
#define NOTE_LOADER         8

    .macro note type, value:vararg
    .pushsection .note.Xen, "a", @note
    .balign 4
    .long 4, 8f - 7f, \type
    .asciz "Xen"
7:  \value
8:  .balign 4
    .popsection
    .endm

    note NOTE_XEN_VERSION, .asciz "xen-3.0"
    note NOTE_VIRT_BASE, .quad 0xffffffff80000000
    note NOTE_LOADER, .asciz "generic"
    note NOTE_HYPERCALL_PAGE, .quad hypercall_page

    .section .text.start, "ax"
    .globl start
    .type start, @function
start:
    cld
    leaq stack_top(%rip), %rsp
    movq %rsi, %rdi
    xorl %ebp, %ebp
    call main
    ud2
    .size start, . - start

    .balign 4096
    .globl hypercall_page
hypercall_page:
    .skip 4096

    /* Where a guest crashes for the tests: the report must name the function and how far into it. */
    .globl crash_by_ud2
    .type crash_by_ud2, @function
crash_by_ud2:
    movq $0x1122334455667788, %rax
    ud2
    .size crash_by_ud2, . - crash_by_ud2

    .globl crash_by_pointer
    .type crash_by_pointer, @function
crash_by_pointer:
    xorl %ebx, %ebx
    movq %rbx, 0x10(%rbx)
    ret
    .size crash_by_pointer, . - crash_by_pointer

    .bss
    .balign 16
    .skip 16384
stack_top:

    .section .note.GNU-stack, "", @progbits
