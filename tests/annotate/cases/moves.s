# as: --64
# SPDX-License-Identifier: GPL-3.0-or-later
# mov, push and pop only with control, debug and segment registers.
	.text
f:
	mov %cr0, %rax
	mov %rax, %cr4
	movq %rax , %cr3
	mov %db7,%rax
	mov % ds, %eax
	mov %eax, %fs:(%rbx)
	mov %fs:0, %rax
	mov %gs, %ax
	movw %ss, 8(%rsp,%rcx,4)
	movw 8(,%rcx,4), %es
	mov 4(%rsp), %ds
	mov %rax, %rbx
	mov $fs, %eax
	push %fs
	pop %gs
	push %rax
	pushq %fs
	mov %cr8, %r9
	.macro save reg
	push \reg
	mov \reg, %eax
	.endm
	save %gs
	.macro plain reg
	push \reg
	mov \reg, %rax
	mov 8(%rsp,%rcx,4), \reg
	.endm
	plain %rbx
	.macro segments reg
	movw 8(%rsp,%rcx,4), \reg
	movw (,%rcx,2), \reg
	movw (%rsp,%rcx), \reg
	movw \reg, 8(%rsp,%rcx,4)
	.endm
	segments %es
	.set fs, 7
	ret
