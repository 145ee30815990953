# SPDX-License-Identifier: GPL-3.0-or-later
# Structures a kernel rarely has, that libbfd reads all the same: groups, thread-local data, merged strings, notes, unwind
# tables, common and absolute symbols, many kinds of relocation.
	.section .text.f,"axG",@progbits,f,comdat
	.globl	f
	.type	f, @gnu_indirect_function
f:	.cfi_startproc
	call	g@PLT
	mov	common, %eax
	.cfi_def_cfa_offset 16
	ret
	.cfi_endproc
	.section .tdata,"awT",@progbits
	.globl	thread
	.type	thread, @tls_object
thread:	.long	1
	.section .tbss,"awT",@nobits
	.zero	4
	.section .strings,"aMS",@progbits,1
	.asciz	"one"
	.asciz	"two"
	.section .note.x,"a",@note
	.long	4, 4, 1
	.ascii	"abc\0"
	.long	0
	.section .init_array,"aw"
	.balign	8
	.long	f, 0
	.section .empty,"ax"
	.section ".odd name","a"
	.byte	1
	.comm	common, 16, 8
	.globl	absolute
	.set	absolute, 0x12345678
	.hidden	hidden
	.weak	g
	.text
hidden:	.long	f - ., g - ., absolute
	.short	hidden - f2
	.byte	hidden - f2
f2:
