# as: --64
# SPDX-License-Identifier: GPL-3.0-or-later
# Linux's ALTERNATIVE: the replacement is longer once annotated, and the original is padded to it.
	.macro ALTERNATIVE oldinstr, newinstr
140:
	\oldinstr
141:
	.skip -(((144f-143f)-(141b-140b)) > 0) * ((144f-143f)-(141b-140b)),0x90
142:
	.pushsection .altinstructions,"a"
	.long 140b - .
	.long 143f - .
	.word 0
	.byte 142b-140b
	.byte 144f-143f
	.popsection
	.pushsection .altinstr_replacement,"ax"
143:
	\newinstr
144:
	.popsection
	.endm
	.text
f:
	ALTERNATIVE "", ".byte 0x0f,0x01,0xca"
	ALTERNATIVE "rdtsc", "lfence; rdtsc"
	ALTERNATIVE "call g", "stac"
	nop
1:	rdmsr
2:	ret
	.pushsection __ex_table,"a"
	.long 1b - .
	.long 2b - .
	.long 0
	.popsection
g:	ret
