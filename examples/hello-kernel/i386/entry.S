/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chapter 7: the gates.
 *
 * 7.1 All ways into the kernel build the same frame, struct trap_frame, on the kernel's stack and
 * call trap_dispatch() with it. The processor pushes EFLAGS, CS, EIP and for some exceptions an
 * error code; if it comes from user mode, it takes the stack from the TSS and pushes the user's
 * SS and ESP first. We push 0 where there is no error code, then the vector's number.
 */
#include "macros.S"
#include "cpu.h"
#include "layout.h"

#define ADDRESS .long
#include "stubs.S"

/*
 * 7.3 A gate loads CS and, from user mode, SS. The other segment registers are still what the
 * interrupted code had, and user mode may have put anything in them that its privilege allows:
 * null selectors, for one. So each entry saves all four and loads the kernel's own, and need not
 * ask where it comes from. GS begins at struct cpu; FS the kernel does not use.
 */
FUNCTION trap_entry
    cld
    pushal
    pushl %ds
    pushl %es
    pushl %fs
    pushl %gs
    movl $KERNEL_SS, %eax
    movl %eax, %ds
    movl %eax, %es
    movl $CPU_SELECTOR, %eax
    movl %eax, %gs
    pushl %esp
    call trap_dispatch
    popl %eax
    jmp trap_return
END trap_entry

/*
 * 7.4 The way back, also the first instructions of a new task: task.c makes a frame for it. What
 * was loaded before can be loaded again, as no descriptor ever changes. iret sees from the
 * frame's CS whether there is an ESP and an SS to pop.
 */
FUNCTION trap_return
    popl %gs
    popl %fs
    popl %es
    popl %ds
    popal
    addl $8, %esp               /* vector and error code */
    iret
END trap_return

/*
 * 7.5 void switch_context(unsigned long *save, unsigned long load): leave one kernel stack, go on
 * on another. The C compiler saves the rest at the call.
 */
FUNCTION switch_context
    movl 4(%esp), %eax
    movl 8(%esp), %edx
    pushl %ebx
    pushl %ebp
    pushl %esi
    pushl %edi
    movl %esp, (%eax)
    movl %edx, %esp
    popl %edi
    popl %esi
    popl %ebp
    popl %ebx
    ret
END switch_context

    .section .note.GNU-stack, "", @progbits
