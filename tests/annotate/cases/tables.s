# as: --64
# SPDX-License-Identifier: GPL-3.0-or-later
# Tables among code, as start-up code has them: data directives are recorded as data and not decoded, and so are zeros that
# nothing runs into.
	.text
	.globl	start
	.type	start,@function
start:	lgdt	gdt_descr(%rip)
	cli
	jmp	behind
	.size	start, . - start
gdt_descr:
	.word	gdt_end - gdt - 1
	.quad	gdt
gdt:	.quad	0x0000000000000000
	.quad	0x00a09b000000ffff	# a code segment
	.long	0xf4f4f4f4, 0x90909090	# would be hlt
gdt_end:
	.skip	8
behind:	sti
	hlt
	ret
