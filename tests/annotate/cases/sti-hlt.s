# as: --64
# SPDX-License-Identifier: GPL-3.0-or-later
# sti is padded before, so that its shadow covers the next instruction.
	.text
f:
	sti
	hlt
	sti; hlt
	sti
	ret
g:	sti
