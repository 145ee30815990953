# as: --64
# SPDX-License-Identifier: GPL-3.0-or-later
# Comments, strings, labels and separators that look like instructions.
	.text
cli: hlt: in:	nop		# cli
/* sti
   hlt */ nop /* cli */ ; cli /* here */ ; sti # there; hlt
/ cli
"quoted sti": wbinvd
1: cli; 2: sti;
	.data
	.ascii "cli; .byte 0xfa"
	.string "hlt; .byte 0x0f,0x01,0xca"
	.text
	cmpb $';', %al; cli
	cmpb $'", %al; cli
	out = 3
	ret
