/* SPDX-License-Identifier: BSD-2-Clause */
/* The ways out of the guest, and the one way in. Xen's frames: RCX, R11, for some exceptions an error code, then RIP, CS,
 * RFLAGS, RSP, SS (public/arch-x86/xen.h; x86_64/entry.S). From the guest's kernel they come on the stack it was using,
 * from user mode on xen_trap_stack. Everything goes to the virtual CPU's page at once; C runs on a stack of its own.
 */
#include "abi.h"
#include "wedge/layout.h"
#include "wedge/vcpu.h"

#define GPR(number) (VCPU_GPR + 8 * (number))
#define VCPU(offset) vcpu_page + (offset)(%rip)

/* One bit for each exception with an error code: 8, 10-14, 17, 21, 29, 30. */
#define VECTORS_WITH_ERROR 0x60227d00

.macro save_registers
    movq %rax, VCPU(GPR(0))
    movq %rdx, VCPU(GPR(2))
    movq %rbx, VCPU(GPR(3))
    movq %rbp, VCPU(GPR(5))
    movq %rsi, VCPU(GPR(6))
    movq %rdi, VCPU(GPR(7))
    movq %r8, VCPU(GPR(8))
    movq %r9, VCPU(GPR(9))
    movq %r10, VCPU(GPR(10))
    movq %r12, VCPU(GPR(12))
    movq %r13, VCPU(GPR(13))
    movq %r14, VCPU(GPR(14))
    movq %r15, VCPU(GPR(15))
.endm

/* RIP, CS, RFLAGS, RSP, SS; then C. */
.macro take_frame function
    popq VCPU(VCPU_RIP)
    popq VCPU(VCPU_REAL_CS)
    popq VCPU(VCPU_RFLAGS)
    popq VCPU(GPR(4))
    popq VCPU(VCPU_REAL_SS)
    save_registers
    movabsq $xen_stack_top, %rsp
    xorl %ebp, %ebp
    cld
    movabsq $\function, %rax
    call *%rax
    ud2
.endm

.macro load_registers
    movq VCPU(GPR(0)), %rax
    movq VCPU(GPR(1)), %rcx
    movq VCPU(GPR(2)), %rdx
    movq VCPU(GPR(3)), %rbx
    movq VCPU(GPR(5)), %rbp
    movq VCPU(GPR(6)), %rsi
    movq VCPU(GPR(7)), %rdi
    movq VCPU(GPR(8)), %r8
    movq VCPU(GPR(9)), %r9
    movq VCPU(GPR(10)), %r10
    movq VCPU(GPR(11)), %r11
    movq VCPU(GPR(12)), %r12
    movq VCPU(GPR(13)), %r13
    movq VCPU(GPR(14)), %r14
    movq VCPU(GPR(15)), %r15
.endm

.macro trap vector
    .text
xen_trap_\vector:
    popq VCPU(GPR(1))
    popq VCPU(GPR(11))
    .if \vector < 32 && ((VECTORS_WITH_ERROR >> \vector) & 1)
    popq VCPU(VCPU_ERROR)
    .else
    movq $0, VCPU(VCPU_ERROR)
    .endif
    movq $\vector, VCPU(VCPU_SCRATCH)
    jmp xen_trap
    .pushsection .rodata.xen_traps, "a"
    .quad \vector, xen_trap_\vector
    .popsection
.endm

    .section .rodata.xen_traps, "a"
    .balign 8
    .globl xen_trap_entries
xen_trap_entries:
    .irp vector, 0, 1, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 16, 17, 18, 19, 128
    trap \vector
    .endr
    .section .rodata.xen_traps, "a"
xen_trap_entries_end:
    .globl xen_trap_entry_count
xen_trap_entry_count:
    .quad (xen_trap_entries_end - xen_trap_entries) / 16

    .text
xen_trap:
    take_frame xen_exception

    .globl xen_syscall_entry, xen_syscall32_entry, xen_sysenter_entry, xen_failsafe_entry
xen_syscall_entry:
    popq VCPU(GPR(1))
    popq VCPU(GPR(11))
    take_frame xen_system_call
xen_syscall32_entry:
    popq VCPU(GPR(1))
    popq VCPU(GPR(11))
    take_frame xen_system_call_32
xen_sysenter_entry:
    popq VCPU(GPR(1))
    popq VCPU(GPR(11))
    take_frame xen_system_enter

/* Xen could not load a segment register: DS, ES, FS, GS lie before the frame. */
xen_failsafe_entry:
    popq VCPU(GPR(1))
    popq VCPU(GPR(11))
    addq $32, %rsp
    take_frame xen_failsafe

/* An event. Where it lands in a stub, before that has masked events, the stub goes on with them masked and its end looks
 * for what is pending. */
    .globl xen_event_entry
xen_event_entry:
    movq %rax, VCPU(VCPU_SCRATCH)
    movq 16(%rsp), %rax             /* RIP */
    subq xen_window(%rip), %rax
    cmpq $WEDGE_WINDOW_SIZE, %rax
    jb 1f
    movq 16(%rsp), %rax
    cmpq xen_window_alias(%rip), %rax
    jae 2f
    movq VCPU(VCPU_SCRATCH), %rax
    popq VCPU(GPR(1))
    popq VCPU(GPR(11))
    take_frame xen_upcall
1:  movabsq $xen_exit_start, %rax
    subq 16(%rsp), %rax
    negq %rax
    cmpq $(xen_exit_end - xen_exit_start), %rax
    jb xen_late_event
2:  movb $1, VCPU(VCPU_STUB_ENABLED)
    andq $~0x200, 32(%rsp)          /* IF */
    movq VCPU(VCPU_SCRATCH), %rax
    popq %rcx
    popq %r11
    pushq $0
    jmp wedge_xen_hypercall_page + XEN_IRET * XEN_HYPERCALL_SIZE

/* A stub of `afterburner link` has put RSP into wedge_stub_rsp, taken wedge_stub_stack and pushed the site's number. The
 * flags are the guest's until they are saved. */

    .globl wedge_stub_entry, wedge_stub_rsp, wedge_stub_stack
wedge_stub_entry:
    movq %rax, VCPU(GPR(0))
    movzbl VCPU(VCPU_BACKEND + XEN_UPCALL_MASK), %eax
    movb $1, VCPU(VCPU_BACKEND + XEN_UPCALL_MASK)
    movb %al, VCPU(VCPU_STUB_MASK)
    movq VCPU(GPR(0)), %rax
    movq %rcx, VCPU(GPR(1))
    movq %r11, VCPU(GPR(11))
    save_registers
    popq %rdi
    pushfq
    popq VCPU(VCPU_RFLAGS)
    movq wedge_stub_rsp(%rip), %rax
    movq %rax, VCPU(GPR(4))
    leaq wedge_stub_entry(%rip), %rsi /* in the alias, or not */
    movabsq $xen_stack_top, %rsp
    xorl %ebp, %ebp
    cld
    movabsq $xen_site, %rax
    call *%rax
    ud2

/* void xen_go(const uint64_t *frame): through Xen. The frame is flags, RIP, CS, RFLAGS, RSP, SS. */
    .globl xen_go
xen_go:
    movq %rdi, %rsp
    load_registers
    jmp wedge_xen_hypercall_page + XEN_IRET * XEN_HYPERCALL_SIZE

/* void xen_go_here(const uint64_t *frame, int enable): into the guest's kernel without Xen. The frame is RIP, CS, RFLAGS,
 * RSP, SS. With `enable` events are let in, and one that is waiting must not be passed by; one that comes before IRET
 * starts all over, which it can, since nothing here changes the virtual CPU. */
    .globl xen_go_here
xen_go_here:
    movq %rdi, %rsp
xen_exit_start:
    testl %esi, %esi
    jz 1f
    movb $0, VCPU(VCPU_BACKEND + XEN_UPCALL_MASK)
    cmpb $0, VCPU(VCPU_BACKEND + XEN_UPCALL_PENDING)
    jne 2f
1:  load_registers
    iretq
2:  movb $1, VCPU(VCPU_BACKEND + XEN_UPCALL_MASK)
xen_exit_end:
xen_late_event:
    movabsq $xen_stack_top, %rsp
    xorl %ebp, %ebp
    cld
    movabsq $xen_upcall_again, %rax
    call *%rax
    ud2

    .section .rodata, "a"
    .balign 8
xen_window:
    .quad WEDGE_WINDOW
xen_window_alias:
    .quad WEDGE_WINDOW_ALIAS

    .bss
    .balign 16
wedge_stub_rsp:
    .quad 0
    .balign 16
    .skip 1024                      /* events that come in a stub push their frames here */
wedge_stub_stack:
    .skip 64
    .balign 16
    .skip 4096
    .globl xen_trap_stack_top
xen_trap_stack_top:
    .skip 64
    .balign 16
    .skip 32768
    .globl xen_stack_top
xen_stack_top:
    .skip 64
    .section .note.GNU-stack, "", @progbits
