# as: --64
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
