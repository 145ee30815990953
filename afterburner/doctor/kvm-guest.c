/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Position-independent but for where it is told to be entered; needs no interrupt table: whatever
 * goes wrong becomes a triple fault, which KVM reports as a shutdown. */
#include "doctor/kvm-guest.h"

#define TEXT(value)  TEXT_(value)
#define TEXT_(value) #value

/* clang-format off */
__asm__(
    ".pushsection .rodata\n"
    ".globl kvm_guest_start, kvm_guest_end, kvm_guest_real, kvm_guest_real_loop, kvm_guest_long\n"
    ".globl kvm_guest_interrupt_flag, kvm_guest_syscall, kvm_guest_syscall_entry\n"
    ".globl kvm_guest_long_loop, kvm_guest_exits\n"
    "kvm_guest_start:\n"

    ".code16\n"
    "kvm_guest_real:\n"
    "    movw $0x1234, %ax\n"
    "    addw $0x4321, %ax\n"
    "    pushw %ax\n"
    "    popw %bx\n"
    "    cmpw $0x5555, %bx\n"
    "    movb $0x10, %al\n"
    "    jne 1f\n"
    "    movb $" TEXT(KVM_GUEST_PASSED) ", %al\n"
    "1:  outb %al, $" TEXT(KVM_GUEST_PORT) "\n"
    "kvm_guest_real_loop:\n"
    "    movl $" TEXT(KVM_GUEST_ITERATIONS) ", %ecx\n"
    "1:  decl %ecx\n"
    "    jnz 1b\n"
    "    movb $" TEXT(KVM_GUEST_PASSED) ", %al\n"
    "    outb %al, $" TEXT(KVM_GUEST_PORT) "\n"

    ".code64\n"
    "kvm_guest_long:\n"
    "    movabsq $0x123456789abcdef0, %r15\n"
    "    pushq %r15\n"
    "    popq %rdx\n"
    "    shrq $32, %rdx\n"
    "    cmpq $0x12345678, %rdx\n"
    "    movb $0x20, %al\n"
    "    jne 1f\n"
    "    movb $" TEXT(KVM_GUEST_PASSED) ", %al\n"
    "1:  outb %al, $" TEXT(KVM_GUEST_PORT) "\n"

    "kvm_guest_interrupt_flag:\n"
    "    cli\n"
    "    pushfq\n"
    "    popq %rdx\n"
    "    movb $0x30, %al\n"
    "    testl $0x200, %edx\n"
    "    jnz 1f\n"
    "    sti\n"
    "    pushfq\n"
    "    popq %rdx\n"
    "    cli\n"
    "    movb $0x31, %al\n"
    "    testl $0x200, %edx\n"
    "    jz 1f\n"
    "    movb $" TEXT(KVM_GUEST_PASSED) ", %al\n"
    "1:  outb %al, $" TEXT(KVM_GUEST_PORT) "\n"

    /* To user mode by sysret, back by syscall, and both once more: %ebx counts. */
    "kvm_guest_syscall:\n"
    "    xorl %ebx, %ebx\n"
    "    leaq .Luser(%rip), %rcx\n"
    "    leaq .Lfirst(%rip), %rdi\n"
    "    movl $2, %r11d\n"
    "    sysretq\n"
    ".Luser:\n"
    "    movl %cs, %edx\n"
    "    syscall\n"
    ".Lfirst:\n"
    "    incl %ebx\n"
    "    leaq .Lsecond(%rip), %rdi\n"
    "    movl %cs, %edx\n"
    "    syscall\n"
    ".Lsecond:\n"
    "    ud2\n"
    "kvm_guest_syscall_entry:\n"
    "    movb $0x40, %al\n"
    "    cmpl $" TEXT(KVM_GUEST_USER_CS) ", %edx\n"
    "    jne 1f\n"
    "    movb $0x41, %al\n"
    "    movl %cs, %edx\n"
    "    cmpl $" TEXT(KVM_GUEST_KERNEL_CS) ", %edx\n"
    "    jne 1f\n"
    "    movb $0x42, %al\n"
    "    cmpq %rdi, %rcx\n"
    "    jne 1f\n"
    "    movb $" TEXT(KVM_GUEST_PASSED) ", %al\n"
    "    testl %ebx, %ebx\n"
    "    jnz 1f\n"
    "    sysretq\n"
    "1:  outb %al, $" TEXT(KVM_GUEST_PORT) "\n"

    "kvm_guest_long_loop:\n"
    "    movl $" TEXT(KVM_GUEST_ITERATIONS) ", %ecx\n"
    "1:  decl %ecx\n"
    "    jnz 1b\n"
    "    movb $" TEXT(KVM_GUEST_PASSED) ", %al\n"
    "    outb %al, $" TEXT(KVM_GUEST_PORT) "\n"

    "kvm_guest_exits:\n"
    "    movb $" TEXT(KVM_GUEST_PASSED) ", %al\n"
    "1:  outb %al, $" TEXT(KVM_GUEST_PORT) "\n"
    "    jmp 1b\n"
    "kvm_guest_end:\n"
    ".popsection\n");
/* clang-format on */

const char *kvm_guest_failure(unsigned int result)
{
    switch (result) {
    case 0x10:
        return "a 16-bit sum or its stack is wrong";
    case 0x20:
        return "a 64-bit register or its stack is wrong";
    case 0x30:
        return "cli leaves the interrupt flag set";
    case 0x31:
        return "sti leaves the interrupt flag clear";
    case 0x40:
        return "sysret does not arrive in the user's code segment";
    case 0x41:
        return "syscall does not arrive in the kernel's code segment";
    case 0x42:
        return "syscall saves a wrong return address";
    default:
        return "a result that no test has";
    }
}
