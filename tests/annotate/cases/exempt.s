# as: --64
# SPDX-License-Identifier: GPL-3.0-or-later
# Left alone: between the directives.
	.text
f:	cli
	.afterburn_off
	cli
	.section .other,"ax"
	sti
	.text
	.afterburn_on
	hlt
	wbinvd
