#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What `afterburner verify` must see in images that are made to hide something from it, and what its certificate says.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"

afterburner() { "$AFTERBURNER" "$@"; }
as() { "$AFTERBURNER_AS" "$@"; }
# finding IMAGE KIND TEXT: the image has an open finding of that kind whose detail has the text.
finding() {
    code 1 afterburner verify --json - "$1" >certificate.json || return 1
    jq -e --arg kind "$2" --arg text "$3" \
        '[.findings[] | select(.state == "open" and .kind == $kind and (.detail | contains($text)))] | length > 0' \
        certificate.json || { jq -c '.findings[]' certificate.json; return 1; }
}
clean() { code 0 afterburner verify --json certificate.json "$@"; }
certificate() { jq -e "$@" certificate.json; } # certificate FILTER: of the last image, holds
poke() { # FILE OFFSET BYTES: overwrites bytes
    printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
section_offset() { echo $((16#$(readelf -SW "$1" | sed 's/^ *\[ *[0-9]*\] *//' | awk -v n="$2" '$1 == n { print $4 }'))); }
link() { ld -e 0 -Ttext=0x100000 "$@"; }

cat >good.s <<'END'
	.globl	f
	.type	f,@function
f:	cli
	ret
	.size	f,.-f
END
as good.s -o good.o && link good.o -o good
ok "an annotated image" clean good

# --- Executable segments
cat >together.s <<'END'
	.globl	f
	.type	f,@function
f:	cli
	ret
	.size	f,.-f
	.section .rodata,"a"
	.quad	0x0123456789abcdef
END
as together.s -o together.o
cat >together.lds <<'END'
PHDRS { all PT_LOAD FLAGS(5); }
SECTIONS {
	. = 0x100000;
	.text : { *(.text) } :all
	. = 0x100100;
	.rodata : { *(.rodata) } :all
	. = 0x100200;
	.afterburn : { *(.afterburn) } :all
}
END
ld -e 0 -T together.lds together.o -o together
ok "data in an executable segment is no finding" clean together
ok "but listed" certificate '.not_decoded | map(.section) == [".rodata", ".afterburn"]'
ok "with its bytes" certificate '.not_decoded[0] == {section: ".rodata", address: "0x100100", bytes: 8}'
ok "and counted in the report" bash -c '"$0" verify together | grep "not decoded: .* in 2 sections of executable segments"' \
    "$AFTERBURNER"
clean good
ok "data in segments of its own is not" certificate '.not_decoded == []'
cp together gap
poke gap $(($(section_offset gap .text) + 0x80)) '\x0f\xa2\xc3'
ok "code between the sections" finding gap not-decoded '0x100080 to 0x100082 are loaded as executable and are in no section'
cp together fill
poke fill $(($(section_offset fill .text) + 0x80)) '\xcc\xcc\x90'
ok "fill between the sections is none" clean fill
# The section's header is moved to bytes that are harmless; the segment loads the others.
cp together elsewhere
index=$(readelf -SW elsewhere | sed -nE 's/^ *\[ *([0-9]+)\] \.text .*/\1/p')
table=$(readelf -hW elsewhere | sed -nE 's/.*Start of section headers: *([0-9]+) .*/\1/p')
offset=$(section_offset elsewhere .text)
dd if=elsewhere of=text.bin bs=1 skip="$offset" count=8 status=none
place=$(stat -c %s elsewhere)
cat text.bin >>elsewhere
poke elsewhere $((table + 64 * index + 24)) "$(printf '\\x%02x\\x%02x' $((place & 255)) $((place >> 8)))"
poke elsewhere "$offset" '\x0f\xa2'
ok "a section that is not what is loaded" finding elsewhere not-decoded '.text has 0xfa here, its segment loads 0x0f'
# A segment is executable, and its section says it is data.
cp good no-code
index=$(readelf -SW no-code | sed -nE 's/^ *\[ *([0-9]+)\] \.text .*/\1/p')
table=$(readelf -hW no-code | sed -nE 's/.*Start of section headers: *([0-9]+) .*/\1/p')
poke no-code $((table + 64 * index + 8)) '\x02'
ok "no executable section" finding no-code not-decoded 'nothing to decode'


# --- Addresses inside sites: each line is an instruction, or data, of a function beside the site; HERE is the address.
inside() { # NAME BITS LINE: written with the address past the site's start it is a finding, with the start it is none
    local place
    for place in 3 0; do
        printf '\t.globl f\n\t.type f,@function\nf:\tcli\n\tret\n\t.size f,.-f\n' >inside.s
        printf '\t.globl g\n\t.type g,@function\ng:\t%s\n\tnop\n\tret\n\t.size g,.-g\n' "${3//HERE/f+$place}" >>inside.s
        as "--$2" inside.s -o inside.o && link -m "$([ "$2" = 64 ] && echo elf_x86_64 || echo elf_i386)" inside.o -o inside ||
            return 1
        if [ "$place" = 3 ]; then
            for file in inside inside.o; do
                finding "$file" "$1" '3 bytes into the cli site' || return 1
                certificate "any(.findings[]; .kind == \"$1\" and (.function == \"g\" or .function == \"data\"))" || return 1
            done
        else
            clean inside && clean inside.o || return 1
        fi
    done
}
for line in 'lea HERE(%rip),%rax' 'mov $HERE,%eax' 'movq $HERE,%rax' 'movabs $HERE,%rax' 'push $HERE' 'jmp *HERE(%rip)' 'mov HERE,%eax' \
    'movabs HERE,%al' 'movl $HERE,(%rax)' 'cmpl $5,HERE(%rip)'; do
    ok "an address in a site: $line" inside address-into-site 64 "$line"
done
for line in 'mov $HERE,%eax' 'push $HERE' 'jmp *HERE' 'mov HERE,%eax' 'lea HERE,%ecx' 'ljmp $8,$HERE'; do
    ok "an address in a site, 32 bits: $line" inside address-into-site 32 "$line"
done
data='nop; .data; .type data,@object; .space 4; data:'
ok "a pointer into a site" inside address-into-site 64 "$data .quad HERE; .text"
ok "a pointer into a site, 32 bits" inside address-into-site 32 "$data .long HERE; .text"
ok "a pointer among read-only data" inside address-into-site 64 \
    'nop; .section .rodata,"a"; .type data,@object; data: .quad 1, 2, HERE, 4; .text'
ok "a branch into a site" inside branch-into-site 64 'jmp HERE'
ok "a branch into a site: xbegin" inside branch-into-site 64 'xbegin HERE'
# The same number in a module is no address: its sections have none yet.
printf '\t.globl f\nf:\tcli\n\tmov $0x40000003,%%eax\n\tret\n\t.data\n\t.quad 0x40000003\n' >number.s
as number.s -o number.o
ok "a number that looks like a module's address" clean number.o

# --- Regions: code that is read in another way
cat >regions.s <<'END'
	.globl	f
	.type	f,@function
f:	cli
	nop
	.afterburn_off
	cpuid
	nop
	.afterburn_on
	ret
	.code32
	cli
	ret
	.code64
	.size	f,.-f
	.section .text16,"ax"
	.code16
	cli
	cli
	ret
END
as regions.s -o regions.o && link --section-start=.text16=0x200000 regions.o -o regions
ok "an image with regions" clean regions
ok "has its regions in the certificate" certificate '.regions == [
    {section: ".text", start: "0x100008", end: "0x10000b", bits: 64, exempt: "between .afterburn_off and .afterburn_on",
        instructions: 2},
    {section: ".text", start: "0x10000c", end: "0x100014", bits: 32, instructions: 8},
    {section: ".text16", start: "0x200000", end: "0x200003", bits: 16, exempt: "16-bit code", instructions: 3}]'
ok "and a line in the report" bash -c '"$0" verify regions | grep "regions: 3, 14 bytes, 13 instructions; 2 exempt, 2 not of 64 bits"' \
    "$AFTERBURNER"
clean good
ok "an image without has none" certificate '.regions == []'

printf '\t.globl f\n\t.type f,@function\nf:\tnop\n\tjmp\tg\n\t.code32\ng:\tnop\n\tjmp\tg\n\t.code64\n\tret\n' >bits.s
as bits.s -o bits.o && link bits.o -o bits
ok "a near branch to code of other bits" finding bits branch-changes-bits 'from 64-bit code to 0x100003, which is of 32 bits'
ok "and none from there" certificate '.counts.open == 1'
cp good record-bits
poke record-bits $(($(section_offset record-bits .afterburn) + 32 + 7)) '\x20'
ok "a record of other bits than its code" finding record-bits site-mismatch 'is not where the record says'
# Regions are at offset 32 of .afterburn in this file; length at 28, bits at 7.
printf '\t.globl f\nf:\t.afterburn_off\n\tcpuid\n\t.afterburn_on\n\tnop\n\t.afterburn_off\n\tcpuid\n\t.afterburn_on\n\tret\n' >two.s
as two.s -o two.o && link two.o -o two
at=$(($(section_offset two .afterburn) + 32))
ok "two regions" clean two
cp two longer && poke longer $((at + 28)) '\x04'
ok "a region into the next" finding longer region-wrong 'begins before the end'
cp two shorter && poke shorter $((at + 28)) '\x01'
ok "a region that ends in an instruction" finding shorter symbol-in-instruction 'bytes before the end of the instruction'
cp two huge && poke huge $((at + 40 + 28 + 3)) '\x10'
ok "a region out of its section" finding huge region-wrong 'not one executable section'
# Code to be run two ways, from two names: what each way meets counts.
both_ways() { # FIRST BYTES: what is at f, then at g inside its first instruction
    printf '\t.text\n%s\t.byte %s\n\t.globl g\ng:\t.byte %s\n\tnop\n\tret\n' "$1" "$2" "$3" >ways.s
    command as ways.s -o ways.o && link ways.o -o ways
}
named=$'\t.globl f\nf:'
ok "an instruction inside another" both_ways "$named" 0xf6 "0xc3,0xcc"
ok "is explained when both have names" clean ways
ok "and said so" certificate '[.findings[] | select(.state == "explained" and .kind == "symbol-in-instruction")] | length == 1'
ok "an instruction inside one without a name" both_ways "$named"$'\tnop\n' 0xf6 "0xc3,0xcc"
ok "is a finding" finding ways symbol-in-instruction 'g is 2 bytes before the end'
ok "the inner way is looked at" both_ways "$named" 0xf6 "0xfa,0xcc"
ok "and what is sensitive there found" finding ways unannotated cli
ok "behind the outer one" both_ways "$named" 0xf6 "0xc3,0xb0,0xfa"
ok "too, though it is a number on the inner way" finding ways unannotated cli
# Sites and other code sizes there are no explanation of.
no_explanation() { # LINES TEXT: annotated, behind a label f
    printf '\t.text\n\t.globl f, g\nf:%b' "$1" >none.s
    as none.s -o none.o && link none.o -o none && finding none symbol-in-instruction "$2"
}
cuts='a site begins inside'
ok "a site that is a number on the other way" no_explanation '\t.byte 0xb8\ng:\tcli\n\tret\n' "$cuts"
ok "a site that a later instruction of the other way cuts" \
    no_explanation '\t.byte 0xb8\ng:\t.byte 0x31,0xc0,0x90,0x3c,0xb8\n\tcli\n\tret\n' "$cuts"
ok "one that a branch into an instruction cuts" \
    no_explanation '\txor %eax,%eax\n\tjmp .Lk+1\n.Lk:\tmov $0xb8,%al\n\tcli\n\tret\n' "$cuts"
ok "two ways of different code sizes" \
    no_explanation '\t.byte 0xb8\n\t.code32\ng:\tnop\n\tnop\n\tnop\n\tnop\n\t.byte 0x67,0x8b,0x06,0xfa,0x90\n\tret\n' \
    'g is 4 bytes before the end'
# The AMD and the Intel length of a branch with an operand-size prefix: what one skips the other runs.
printf '\t.globl f\nf:\t.byte 0x66, 0x0f, 0x84, 0, 0, 0x0f, 0xa2\n\tret\n' >length.s
command as length.s -o length.o
ok "a branch that processors disagree on" finding length.o decoders-differ 'jz'

# --- Instructions that are deliberately not in the table
excluded() { # KIND INSTRUCTION
    printf '\t.globl f\n\t.type f,@function\nf:\tnop\n\t%s\n\tret\n' "$2" >excluded.s
    as excluded.s -o excluded.o && finding excluded.o "$1" ''
}
while read -r instruction; do
    ok "excluded: $instruction" excluded excluded "$instruction"
done <<'END'
wrssd %ecx,(%rax)
wrssq %rcx,(%rax)
rdsspq %rax
incsspd %eax
incsspq %rax
saveprevssp
rstorssp (%rax)
clui
stui
testui
uiret
senduipi %rax
mcommit
END
for instruction in wrmsrns rdmsrlist wrmsrlist; do
    ok "undecodable: $instruction" excluded undecodable $instruction
done

# --- Names that are no UTF-8: written, with the bytes as \xNN
printf '\t.section ".te\377xt","ax"\n\t.globl "n\351w"\n\t.type "n\351w",@function\n"n\351w":\tcli\n\tcpuid\n\tret\n' >latin1.s
command as latin1.s -o latin1.o && cp latin1.o $'latin\351.o'
code 1 afterburner verify --json certificate.json $'latin\351.o' >/dev/null
ok "names and paths that are no UTF-8" certificate '.file == "latin\\xe9.o" and .counts.by_section[".te\\xffxt"].sensitive == 2 and
    (.findings | length) == 2 and all(.findings[]; .function == "n\\xe9w" and .section == ".te\\xffxt")'

finish
