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
	.section .rodata
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
ok "its pads and fills were left out" grep -qE 'left out: 9 pads .* [1-9][0-9]* fills .*, 1 of zeros' figures
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
END

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
