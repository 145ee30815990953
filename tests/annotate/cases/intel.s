# as: --64
# SPDX-License-Identifier: GPL-3.0-or-later
	.intel_syntax noprefix
	.text
f:
	cli
	mov rax, cr0
	mov cr3, rdi
	mov ax, ds
	mov es, word ptr [rsp+8]
	mov rax, qword ptr fs:[0]
	mov rax, rbx
	push fs
	pop gs
	in al, 0x60
	out dx, eax
	rep insb
	lgdt [rax]
	jmp far ptr [rax]
	call fword ptr [rax]
	jmp fword ptr [rax]
	jmp g
	call qword ptr [rax]
	retf
	iretq
	invlpg [rbx]
	pushfq
	.att_syntax prefix
	mov %cr0, %rax
g:	ret
