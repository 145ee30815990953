# as: --64
# SPDX-License-Identifier: GPL-3.0-or-later
# compare: no
# What is exempt, and where, is decided as gas meets the directives, not in the order of the text.
	.text
f:	cli
	.macro elsewhere
	.pushsection .fixup,"ax"
	hlt
	.popsection
	.endm
	.macro wide
	.code32
	cli
	.code64
	.endm
	.afterburn_off
	elsewhere
	wide
	cli
	.afterburn_on
	elsewhere
	wide
	sti
	.if 0
	.afterburn_off
	.code16
	.section .nowhere,"ax"
	.endif
	wbinvd
	.macro leave_alone
	.afterburn_off
	.endm
	.macro annotate
	.afterburn_on
	.endm
	leave_alone
	clts
	annotate
	clts
	.section .a,"ax"
	.afterburn_off
	.pushsection .b,"ax"
	.pushsection .c,"ax"
	cli
	.afterburn_on
	cli
	.popsection
	cli
	.previous
	hlt
	.popsection
	sti
	.section .text._Z1fv,"axG",@progbits,_Z1fv,comdat
	cli
	hlt
	.section .text._Z1gv,"axG",@progbits,_Z1gv,comdat
	cli
	.section .b
	sti
