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
# .previous between places that differ, whose regions would be lost if it were not followed.
	.section .d,"ax"
	cli
	.data
	.previous
	.code32
	cli
	.code64
	.macro switch to
	.\to
	.endm
	switch data
	.text
	wrmsr
# A section joins the group of the one gas is in, which only gas knows.
	.macro cold
	.pushsection .text.unlikely,"ax?"
	clts
	.popsection
	.endm
	cold
	.section .text._Z1hv,"axG",@progbits,_Z1hv,comdat
	cold
# Bytes in a macro's body: in which code size they will be used nobody knows.
	.macro bytes
	.byte 0x0f,0x01,0xd9
	.endm
	.text
	.afterburn_off
	bytes
	.afterburn_on
	.byte 0x0f,0x01,0xd9
	.section .sect,"aw"
	.sect .e,"ax"
	.afterburn_off
	cli
