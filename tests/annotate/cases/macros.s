# as: --64
# SPDX-License-Identifier: GPL-3.0-or-later
# What the source's own macros make.
	.text
f:
	.macro lock_it a, b=cli
	\b
	\a
	.endm
	lock_it sti
	lock_it "pushf; popf", hlt
	.rept 3
	cli
	nop
	.endr
	.irp insn, cli, nop, wbinvd
	\insn
	.endr
	.irpc digit, 034
	mov %cr\digit, %rax
	.endr
	.altmacro
	.macro alt insn, reg
	LOCAL here
here:	insn
	mov reg, %rax
	.endm
	alt cli, <%cr2>
	mov %cr3, %rax
	mov %rbx, %rax
	cli
	.noaltmacro
	CLI
	Mov %cr0, %rax
	.macro hlt
	nop
	.endm
	hlt
	.macro nested
	.macro inner
	rdtsc
	.endm
	inner
	.endm
	nested
	.if 0
	cli
	.endif
	.ifdef nowhere
	sti
	.else
	invlpg (%rax)
	.endif
	in = 5
out:	ret
