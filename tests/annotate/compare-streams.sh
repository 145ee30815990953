#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# compare-streams itself: it must take what annotating does, and nothing else. Each case is a source that is assembled
# plainly, and a change to it (a sed script) that is assembled through the annotator.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"

cat >base.s <<'END'
	.text
	.globl f, g, data
	.type f,@function
f:	cli
	nop
	jmp 1f
	.p2align 4
1:	mov %cr0, %rax
	sti
	lea text(%rip), %rdi
	call g
	je 2f
	int3
	rdmsr
	nopl 0(%rax)
	jmp 1b
	.p2align 4,,10
	.p2align 3
2:	hlt
	ret
	.size f, .-f
	.p2align 4
	.type g,@function
g:	wrmsr
	nop
	ret
	.size g, .-g
	.p2align 5, 0xcc
h:	out %al, $0x80
	add 0x22222222(%rip), %eax
	ret
	.code16
	jmp .
	.code32
	.byte 0x0f,0x26,0xd0
	clts
	.code64
	.section .text.zeros,"ax"
	.p2align 4
	hlt
	ret
	.p2align 4,0
	.text
k:	.byte 0x66,0x90
	cld
l:	.byte 0x66,0x90
	cmpl $0x1234567, %eax
	ret
	.section __jump_table,"aw"
	.long k - ., l - .
	.quad data - .
	.section .rodata.template,"a"
	.long 0x11111111
template: pushf
	std
	popf
	.section .rodata
	.long template - .
text:	.asciz "text"
	.p2align 3
table:	.quad 1b, 2b, g + 1
	.long g - .
	.data
data:	.quad data, outside, 7
	.section .init.data,"aw"
	.long 1
END
as base.s -o plain.o

compare() { "$TEST_TOOLS/compare-streams" plain.o "$1.o"; }
# differs SED: the change must be found.
differs() {
    sed "$1" base.s >changed.s
    ! cmp -s base.s changed.s || { echo "nothing changed"; return 1; }
    "$AFTERBURNER_AS" changed.s -o changed.o || return 1
    code 1 compare changed
}

"$AFTERBURNER_AS" base.s -o annotated.o
ok "annotated is plain" compare annotated
compare annotated >figures
ok "its pads and fills were left out" grep -qE 'left out: 11 pads .* [1-9][0-9]* fills .*, 1 of zeros' figures
# Changes in places of every kind: the text of the check is what is changed.
while IFS='|' read -r what change; do
    ok "found: $what" differs "$change"
done <<'END'
a nop left out|/^\tnop$/{0,/nop/d}
the first nop left out|0,/^\tnop$/{/^\tnop$/d}
a nop more|0,/^\tnop$/s//\tnop\n\tnop/
a nop of another kind|0,/^\tnop$/s//\txchg %ax,%ax/
a long nop left out|/nopl/d
a long nop of another length|s/nopl 0(%rax)/nopw 0(%rax)/
an int3 left out|/^\tint3$/d
an int3 more|s/^\tint3$/\tint3\n\tint3/
a nop for an int3|s/^\tint3$/\tnop/
a nop in front of a fill|s/^\t.p2align 4,,10$/\tnop\n&/
a nop behind a fill|s/^2:	hlt/2:	nop\n	hlt/
fill where no code is aligned|s/^\twrmsr/&\n\tnopw 0(%rax,%rax,1)/;s/^g:	wrmsr/&\n\tnopl 0(%rax)/
another fill byte|s/p2align 5, 0xcc/p2align 5/
an instruction more|s/^\trdmsr/\tcld\n&/
an instruction less|/^\tcall g/d
another register|s/%cr0, %rax/%cr0, %rcx/
another branch target|s/jmp 1b/jmp 2f/
a branch into an instruction|s/jmp 1b/jmp 1b+1/
another call|s/call g/call h/
another string|s/"text"/"test"/
a longer string|s/"text"/"textlonger"/
a pointer elsewhere|s/.quad 1b, 2b/.quad 1b, 1b/
a pointer to another byte of an instruction|s/g + 1/g + 0/
an offset elsewhere|s/.long g - ./.long h - ./
another undefined symbol|s/outside/beside/
another distance to nowhere|s/0x22222222/0x22222223/
a 16-bit jump elsewhere|s/jmp [.]$/jmp .+1/
a test register for another|s/0x26,0xd0/0x26,0xd8/
an instruction in front of zeros|s/^\t.p2align 4,0$/\tcld\n&/
zeros that reach no alignment|s/^\t.p2align 4,0$/\t.byte 0,0/
something else than zeros|s/^\t.p2align 4,0$/\t.p2align 4,1/
other data|s/outside, 7/outside, 8/
data of a section less|s/^\t.long 1$//
a section more|s/^\t.data$/\t.section .more,"a"\n\t.byte 1\n&/
a section's flags|s/.init.data,"aw"/.init.data,"a"/
a symbol's size|s/.size f, .-f/.size f, 5/
a symbol elsewhere|s/^h:\(.*\)/\1\nh:/
a symbol's kind|/type g/d
a symbol's binding|s/.globl f, g/.globl f, g, h/
another instruction in a template|s/^\tstd/\tcld/
a nop more in a template|s/^\tstd/\tnop\n&/
a place in a template elsewhere|s/long template - ./long template + 1 - ./
a nop of 5 bytes where a jump label leads|/^l:/s/0x66,0x90/0x0f,0x1f,0x44,0,0/
a nop of 3 bytes for a jump label|/^k:/s/0x66,0x90/0x0f,0x1f,0/
another instruction for a jump label|/^k:/s/0x66,0x90/0xb9,7,0,0,0/
the kernel's size|s/0x1234567/0x2345678/
END
sed '/^k:/s/0x66,0x90/0x0f,0x1f,0x44,0,0/' base.s >changed.s
"$AFTERBURNER_AS" changed.s -o label.o
ok "a jump label's nop as long as another jump" compare label

# The finished kernel's size: that number for that number.
sed 's/0x1234567/0x2345678/' base.s >changed.s
"$AFTERBURNER_AS" changed.s -o size.o
sized() { echo "sizes=$1,$2 plain.o size.o" >pairs && "$TEST_TOOLS/compare-streams" pairs; }
ok "the kernel's size, which is another" sized 0x1234567 0x2345678
ok "found: another than the kernel's" code 1 sized 0x1234567 0x2345679
ok "found: another than the plain kernel's" code 1 sized 0x1234566 0x2345678

# Where much is to be filled the assembler jumps over it.
printf '\t.text\n\t.globl f, g\nf:\tcli\n\tcli\n\tcli\n\tret\n\t.p2align 5\ng:\tret\n' >fill.s
as --32 fill.s -o fill-plain.o
"$AFTERBURNER_AS" --32 fill.s -o fill.o
ok "one side has a jump" bash -c 'objdump -d fill-plain.o | grep -q jmp && ! objdump -d fill.o | grep -q jmp'
ok "it is fill" "$TEST_TOOLS/compare-streams" fill-plain.o fill.o
sed 's/^\tret/\tjmp 1f\n\tnop\n\tnop\n1:&/' fill.s >changed.s
as --32 changed.s -o changed-plain.o
ok "found: a jump over nops that fill nothing" code 1 "$TEST_TOOLS/compare-streams" changed-plain.o fill.o
# The source's own jump to what is aligned, whose fill is gone where a pad takes its room; and one that leads elsewhere.
printf '\t.text\n\t.globl f, g\nf:\tmovl $1, %%eax\n\txorl %%eax, %%eax\n\tcli\n\tjmp g\n\t.p2align 3\ng:\tret\n' >over.s
as over.s -o over-plain.o
"$AFTERBURNER_AS" over.s -o over.o
ok "a jump over fill on one side, over none on the other" bash -c \
    'objdump -d over-plain.o | grep -A1 "eb 06" | grep -q nop && objdump -d over.o | grep -q "eb 00"'
ok "both are the source's" "$TEST_TOOLS/compare-streams" over-plain.o over.o
sed 's/jmp g/jmp f/' over.s >changed.s
as changed.s -o changed-plain.o
ok "found: a jump over fill, elsewhere on the other side" code 1 "$TEST_TOOLS/compare-streams" changed-plain.o over.o
# Templates where relocations have their addends in place.
printf '\t.section .rodata,"a"\n\t.long 0x11111111\nt:\tpushf\n\tcli\n\t.text\n\t.globl f\nf:\tret\n' >template.s
as --32 template.s -o template-plain.o
"$AFTERBURNER_AS" --32 template.s -o template.o
ok "a template, 32 bits" "$TEST_TOOLS/compare-streams" template-plain.o template.o

# A pad that no record tells of must be found, and a record that claims too much.
poke() { printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }
offset=$((16#$(readelf -SW annotated.o | sed 's/^ *\[ *[0-9]*\] *//' | awk '$1 == ".afterburn" { print $4 }')))
size=$(od -An -tu2 -j $((offset + 6)) -N 2 annotated.o | tr -d ' ')
cp annotated.o record.o
poke record.o $((offset + 32 + 8)) '\x00\xff' # the first record becomes a mark
ok "found: a pad without a record" code 1 compare record
cp annotated.o longer.o
poke longer.o $((offset + 32 + 4)) '\x08'
ok "found: a record whose pad has more than nops or takes a nop that is none" code 1 compare longer
cp annotated.o pad.o
text=$((16#$(readelf -SW annotated.o | sed 's/^ *\[ *[0-9]*\] *//' | awk '$1 == ".text" { print $4 }')))
poke pad.o $((text + 1)) '\xcc'
ok "found: an int3 in a pad" code 1 compare pad
ok "records have a size" test "$size" -ge 32
finish
