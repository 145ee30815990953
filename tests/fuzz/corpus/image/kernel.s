# SPDX-License-Identifier: GPL-3.0-or-later
# A kernel in miniature, with records and with Linux's tables about its own code. make-corpus assembles it for 32 and 64
# bits; BROKEN says what is wrong with it.
	.ifndef BROKEN
	.set	BROKEN, 0
	.endif
	.ifdef BITS_64
	.set	POINTER, 8
	.else
	.set	POINTER, 4
	.endif

	.macro	pointer value
	.if	POINTER == 8
	.quad	\value
	.else
	.long	\value
	.endif
	.endm

	.text
	.globl	_start
	.type	_start, @function
_start:
	cli
	.nops	6
site_end:
	call	outside
	jmp	1f
	.byte	0x0f, 0x01, 0xca
1:	sti
	hlt
	ret
	.size	_start, . - _start

	.type	helper, @function
helper:
	nop
	ret
	.weak	outside

	.data
	.globl	x86_cap_flags, x86_bug_flags
x86_cap_flags:
	.rept	16
	pointer	name
	pointer	0
	.endr
x86_bug_flags:
	.rept	16
	pointer	name
	pointer	name+1
	.endr
after_flags:
	pointer	0
	.bss
	.zero	64

	.section .rodata,"a"
name:	.asciz	"smap"

	.section .altinstructions,"a"
	.long	_start - ., replacement - .
	.short	5
	.byte	7, 3
	.long	helper - ., replacement - .
	.short	0x8000 + 33
	.byte	1, 1
	.if	BROKEN == 1
	.byte	0
	.endif
	.section .altinstr_replacement,"ax"
replacement:
	clac

	.section __ex_table,"a"
	.long	_start - ., helper - ., 0
	.if	BROKEN == 2
	.long	0
	.endif
	.section __jump_table,"aw"
	.long	_start - ., helper - .
	pointer	0
	.section .smp_locks,"a"
	.long	_start - .
	.section .retpoline_sites,"a"
	.long	helper - .
	.section .return_sites,"a"
	.long	helper - .

	.section .init.data,"aw"
	.globl	__start_static_call_sites, __stop_static_call_sites
__start_static_call_sites:
	.long	_start - ., 0
__stop_static_call_sites:

	.section .afterburn,"a"
	.set	RECORD, 40
header:	.ascii	"ARBN"
	.if	BROKEN == 3
	.short	2
	.else
	.short	1
	.endif
	.if	BROKEN == 4
	.short	16
	.else
	.short	RECORD
	.endif
	.if	BROKEN == 5
	.long	4096, 0
	.else
	.long	records_end - records, 0
	.endif
	.quad	0x1122334455667788, 0
records:
	.long	_start - .
	.byte	7, 0, 1, 64
	.short	1, 0
	.byte	4, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 8, 0, 0, 0
	.short	0, 0
	.long	0
	.quad	0x0123456789abcdef
	.long	helper - .
	.byte	0, 0, 0, 16
	.short	0xff00, 3
	.zero	RECORD - 12
	.long	site_end - .
	.byte	0, 0, 0, 32
	.short	0xff00, 0
	.zero	RECORD - 12
	.if	BROKEN == 6
	.long	0
	.endif
records_end:
	.ascii	"ARBN"
	.short	1, RECORD
	.if	BROKEN == 7
	.long	RECORD, 0
	.else
	.long	0, 0
	.endif
	.quad	0, 0
