# as: --64
# sti is padded before, so that its shadow covers the next instruction.
	.text
f:
	sti
	hlt
	sti; hlt
	sti
	ret
g:	sti
