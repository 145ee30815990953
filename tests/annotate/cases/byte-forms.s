# as: --64
# SPDX-License-Identifier: GPL-3.0-or-later
# Instructions written as data, in the forms Linux uses and a few it does not.
	.text
	.globl byte_forms
	.type byte_forms,@function
byte_forms:
	.byte 0x0f,0x01,0xca
	.byte 0x0f, 0x01, 0xcb		# stac
	.byte 15,1,0312 ; nop
	.byte 0x48, 0x0f,0xc7,0x2f	/* xsaves64 (%rdi) */
	.byte 0xfa,0xf4,0xfb		# three at once: cli, hlt, sti
	.byte 0x90, 0xfa, 0x90
	.short 0x010f; .byte 0xca	# cut in two: not seen here, the verifier finds it
	.2byte 0x310f			# rdtsc
	.4byte 0x90300f66		# 66 0f 30 90: wrmsr with a stray prefix, nop
	.long 0xf4f4f4f4
	.byte 0x0f,0x01			# half an instruction
	.byte 0xca
	.byte 0xcc, 0xc3
	.size byte_forms, . - byte_forms
	.data
	.byte 0x0f,0x01,0xca
	.byte 0xfa
	.section .rodata
	.byte 0xfa
	.section .init.text,"ax"
	.byte 0xfa
	.previous
	.byte 0xfb
	.text
somewhere:
	ret
