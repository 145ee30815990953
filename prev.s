.text
nop
.section .user.text,"ax"
nop
.previous
cli
ret
