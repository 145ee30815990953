# as: --64
# SPDX-License-Identifier: GPL-3.0-or-later
# The site begins at the first prefix.
	.text
f:
	rep insb
	rep; insb
	rep ; outsl
	repne
	insw
	lock; incl (%rax)
	rep movsb
	rep; stosq
	rex64 sysret
	data16 pushf
	{disp32} lgdt 8(%rax)
	cs lgdt (%rax)
	rep
	nop
	REP INSB
	.macro string insn
	rep \insn
	rep; movsl
	.endm
	string insl
	string movsb
	ret
