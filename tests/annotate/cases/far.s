# as: --32
# SPDX-License-Identifier: GPL-3.0-or-later
	.text
f:
	ljmp $0x10, $1f
1:	lcall *(%eax)
	ljmp *(%eax)
	lret
	lret $4
	jmp 1b
	call 1b
	lds (%eax), %ebx
	les (%eax), %ebx
	push %cs
	pop %ss
	into
	arpl %ax, %bx
	int $3
	int3
	int $0x80
	iret
	ret
