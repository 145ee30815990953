# as: --64
# SPDX-License-Identifier: GPL-3.0-or-later
# 16-bit code is left alone unless .afterburn_on says otherwise; 32-bit code in a 64-bit object is annotated.
	.text
f:	cli
	.code16
	cli
	.afterburn_on
	hlt
	.afterburn_off
	sti
	.code64
	sti
	.code32
	mov %cr0, %eax
	.section .other,"ax"
	cli
	.text
	.code64
	wbinvd
