#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `afterburner verify --bound`: what a composed image is once it is bound; that whatever is changed in the wedge's tables
# and stubs is seen and named; and what alternatives may bring. The wedge is a stand-in (tests/link/wedge.c).
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"

afterburner() { "$AFTERBURNER" "$@"; }
as() { "$AFTERBURNER_AS" "$@"; }
poke() { # FILE OFFSET BYTES: overwrites bytes
    printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
byte() { od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' '; } # byte FILE OFFSET
flip() { poke "$1" "$2" "$(printf '\\x%02x' $(($(byte "$1" "$2") ^ $3)))"; } # flip FILE OFFSET BITS
section_offset() { echo $((16#$(readelf -SW "$1" | sed 's/^ *\[ *[0-9]*\] *//' | awk -v n="$2" '$1 == n { print $4 }'))); }
bound() { afterburner verify --bound xen "$@"; }
clean() { code 0 bound --json certificate.json "$@"; }
certificate() { jq -e "$@" certificate.json; } # certificate FILTER: of the last image, holds
# finding IMAGE KIND TEXT: the image has an open finding of that kind whose detail has the text.
finding() {
    code 1 bound --quiet --json certificate.json "$1" || return 1
    jq -e --arg kind "$2" --arg text "$3" \
        '[.findings[] | select(.state == "open" and .kind == $kind and (.detail | contains($text)))] | length > 0' \
        certificate.json || { jq -c '.findings[]' certificate.json; return 1; }
}

# Without debugging information: libbfd does not free all of what it reads in it, which fails under a leak checker.
ok "the guest builds" make -s -C "$SOURCE_DIR/examples/hello-kernel" O="$PWD/hello" CC="$AFTERBURNER cc --policy policy gcc" CFLAGS=-O2
ok "the wedge builds" "$SOURCE_DIR/tests/link/build-wedge.sh" "$SOURCE_DIR" wedge.elf
guest=hello/hello-kernel.elf
export AFTERBURNER_WEDGE=$PWD/wedge.elf
ok "they are composed" afterburner link "$guest" -o image
[ -e image ] || finish

# --- An image as it should be
ok "it verifies as bound" clean image
ok "with the place in the certificate" certificate '.verified and .bound.place == "xen" and .bound.overwritten == 0 and .bound.in_replacements == 0'
ok "each site is bound" certificate '.bound.sites == .counts.sites and .bound.jumps + .bound.stores + .bound.traps == .bound.sites and .bound.stores > 2 and .bound.jumps > 50 and .bound.traps > 2'
ok "and nothing relies on the trap" certificate '.bound.relies_on_trap == {count: 0, by_mnemonic: {}}'
# 64-bit sites become jumps, others traps; the patches that link-image applies are those that are counted.
counts() {
    "$TEST_TOOLS/link-image" image >tables
    [ "$(grep -c 'bits 64 ' tables)" -eq "$(jq ".bound.jumps + .bound.stores" certificate.json)" ] && [ "$(grep -c 'bits 32 ' tables)" -eq "$(jq .bound.traps certificate.json)" ]
}
ok "as the tables say" counts
ok "the report says it" bash -c '"$0" verify --bound xen image | tr "\n" ";" | grep -E "^image: verified as bound for xen;.* bound for xen: [0-9]+ sites: [0-9]+ jump to their stub, [0-9]+ store, [0-9]+ trap, 0 in .*, 0 trapping;"' "$AFTERBURNER"
afterburner verify --quiet --json plain.json image
ok "without --bound nothing is said of it" jq -e 'has("bound") and .bound == null' plain.json
ok "the rest of the certificate is the same" diff <(jq -S 'del(.bound)' plain.json) <(jq -S 'del(.bound)' certificate.json)
ok "several images" bash -c '"$0" verify --bound xen --quiet --json two.json image image && jq -e "map(.bound.place) == [\"xen\", \"xen\"]" two.json' "$AFTERBURNER"

# --- Changed tables. Site 5 stands for all of them; 64-bit ones are behind the few of the entry.
sites=$(section_offset image .wedge.sites) patches=$(section_offset image .wedge.patches.xen) stubs=$(section_offset image .wedge.stubs)
header=$(section_offset image .wedge.rodata)
number=$(($(sed -n '/^site /p' tables | grep -n 'bits 64 ' | sed -n 5p | cut -d : -f 1) - 1))
trap=$(($(sed -n '/^site /p' tables | grep -n 'bits 32 ' | sed -n 1p | cut -d : -f 1) - 1))
patch=$((patches + 8 * number)) stub=$((stubs + 24 * number)) site=$((sites + 32 * number))
# mutant NAME KIND TEXT COMMAND...: the command changes the file ./mutant.
mutant() {
    local kind=$1 text=$2
    shift 2
    cp image mutant && "$@" && ! cmp -s image mutant && finding mutant "$kind" "$text"
}
for at in 0 1 2 3 4 5 6; do
    ok "a patch, byte $at" mutant patch-wrong "number $number: " flip mutant $((patch + at)) 1
done
ok "a patch to another stub" mutant patch-wrong 'it jumps elsewhere than to its stub' flip mutant $((patch + 1)) 24
ok "a patch's length: 0" mutant site-not-bound 'its patch writes nothing' poke mutant $((patch + 7)) '\x00'
for length in 1 2 4 5 6; do
    ok "a patch's length: $length" mutant patch-wrong "number $number: " poke mutant $((patch + 7)) "\\x0$length"
done
for length in 8 15; do
    ok "a patch's length: $length" mutant patch-wrong 'longer than its site' poke mutant $((patch + 7)) "$(printf '\\x%02x' $length)"
done
ok "a patch's offset" mutant patch-wrong 'it does not begin where its site begins' poke mutant $((patch + 7)) '\x17'
ok "a trap, first byte" mutant patch-wrong 'the site does not begin with a ud2' flip mutant $((patches + 8 * trap)) 1
ok "a trap that is a jump" mutant patch-wrong 'the site does not begin with a ud2' poke mutant $((patches + 8 * trap)) '\xeb\x00'
ok "a trap with more behind it" mutant patch-wrong 'more than a ud2' poke mutant $((patches + 8 * trap + 7)) '\x04'
names=('mov %rsp' 'mov %rsp' 'mov %rsp' 'mov %rsp' 'mov %rsp' 'mov %rsp' 'mov %rsp' lea lea lea lea lea lea lea push push push push push jmp jmp jmp jmp jmp)
for at in $(seq 0 23); do
    what=${names[$at]}
    [ "$what" = push ] && what='push the site'
    ok "a stub, byte $at" mutant stub-wrong "$what" flip mutant $((stub + at)) 4
done
ok "a stub's number" mutant stub-wrong "number $number: it does not push the site's number" flip mutant $((stub + 15)) 1
ok "a stub in another one's place" mutant stub-wrong "number $((number + 1)): " bash -c \
    'dd if=image of=mutant bs=1 count=24 skip=$0 seek=$(($0 + 24)) conv=notrunc status=none' "$stub"
ok "a site out of the table" mutant site-not-bound 'is not in the table of sites' poke mutant "$site" '\x00\x00\x00\x00'
ok "and what is there instead" certificate --arg text "number $number: no site is at physical address 0x0" 'any(.findings[]; .kind == "site-table" and (.detail | contains($text)))'
ok "a shorter table" mutant site-not-bound 'is not in the table of sites' poke mutant $((header + 60)) "$(printf '\\x%02x' $(($(byte image $((header + 60))) - 1)))"
ok "a site twice" mutant site-table 'its site has another one, too' bash -c \
    'dd if=image of=mutant bs=1 count=32 skip=$0 seek=$(($0 + 32)) conv=notrunc status=none' "$site"
ok "two sites exchanged" mutant site-table 'is not behind the one before it' bash -c \
    'dd if=image of=mutant bs=1 count=32 skip=$0 seek=$(($0 + 32)) conv=notrunc status=none; dd if=image of=mutant bs=1 count=32 skip=$(($0 + 32)) seek=$0 conv=notrunc status=none' "$site"
for at in $(seq 4 31); do
    ok "a site's record, byte $at" mutant site-table 'it is not what the record of the' flip mutant $((site + at)) 1
done
ok "a segment of the header" mutant site-table "the wedge's header does not have the segment" flip mutant $((header + 72 + 8 + 1)) 16
ok "where the wedge is" mutant site-table 'the physical address of this segment' flip mutant $((header + 34)) 64
ok "where it ends" mutant site-table 'the end of the wedge' flip mutant $((header + 26)) 4
ok "the entry" mutant site-table "an entry into the guest's code" flip mutant $((header + 43)) 1
ok "the protocol" mutant site-table "an entry into the guest's code" poke mutant $((header + 48)) '\x07'
ok "more segments" mutant site-table "the guest's segments alone" flip mutant $((header + 52)) 8
ok "a patch behind its end" mutant patch-wrong 'behind its end there is more' flip mutant $((patches + 8 * trap + 4)) 1
ok "a stub that nothing goes to" mutant stub-wrong 'not int3 alone' flip mutant $((stubs + 24 * trap + 4)) 1
# Code beside the tables: in the image as it is bound, not only as it was linked.
text=$(section_offset image .text)
main=$((0x$(nm image | awk '$3 == "kernel_main" { print $1 }') - 0x$(readelf -SW image | sed 's/^ *\[ *[0-9]*\] *//' | awk '$1 == ".text" { print $3 }') + text))
ok "a silent instruction in the guest" mutant unannotated '`cpuid`' poke mutant $main '\x0f\xa2'
cp image mutant && poke mutant $main '\x0f\x09'
code 0 bound --quiet --json certificate.json mutant
ok "relies on the trap" certificate '.bound.relies_on_trap.by_mnemonic == {wbinvd: 1}'

# --- What traps, and what does not
cat >guest.lds <<'LDS'
PHDRS { text PT_LOAD FLAGS(5); rodata PT_LOAD FLAGS(4); note PT_NOTE FLAGS(4); }
SECTIONS {
	. = 0xffffffff81000000;
	.text : AT(ADDR(.text) - 0xffffffff80000000) { *(.text) } :text
	.altinstr_replacement : AT(ADDR(.altinstr_replacement) - 0xffffffff80000000) { *(.altinstr_replacement) } :text
	. = ALIGN(4096);
	.afterburn : AT(ADDR(.afterburn) - 0xffffffff80000000) { *(.afterburn) } :rodata
	.altinstructions : AT(ADDR(.altinstructions) - 0xffffffff80000000) { *(.altinstructions) } :rodata
	.note.Xen : AT(ADDR(.note.Xen) - 0xffffffff80000000) { *(.note.Xen) } :rodata :note
	.rodata : AT(ADDR(.rodata) - 0xffffffff80000000) { *(.rodata) } :rodata
	/DISCARD/ : { *(.data .bss .note.gnu.property) }
}
LDS
pvh='.section .note.Xen,"a",@note; .long 4, 4, 18; .asciz "Xen"; .long 0x1000000; .text'
body='.globl start; .type start,@function; start: cli; 1: hlt; jmp 1b; .size start,.-start'
build() { # NAME TEXT [OBJECT...]: a guest of its own
    local name=$1
    printf '%s\n' "$2" >"$name.s"
    shift 2
    as "$name.s" -o "$name.o" && ld -e start -T guest.lds "$name.o" "$@" -o "$name"
}
missed() { # NAME INSTRUCTION: a guest with an instruction that nobody annotated, composed all the same
    printf '\t.globl g\n\t.type g,@function\ng:\t%s\n\tret\n\t.size g,.-g\n' "$2" >missed.s
    command as missed.s -o missed.o && build "$1" "$pvh; $body" missed.o && afterburner link --allow-unsound "$1" -o "$1.image"
}
ok "a missed privileged instruction" missed privileged wbinvd
ok "is no finding where it traps" clean privileged.image
ok "but counted" certificate '.bound.relies_on_trap == {count: 1, by_mnemonic: {wbinvd: 1}}'
ok "and listed with its place" certificate '[.findings[] | select(.state == "trapping")] | length == 1 and .[0].function == "g" and .[0].kind == "unannotated"'
ok "in the report, too" bash -c '"$0" verify --bound xen privileged.image | grep -E "relies on the trap: 1 x wbinvd, first: 0xffffffff8100.* g\+0x0"' "$AFTERBURNER"
ok "as linked it is one" code 1 afterburner verify --quiet privileged.image
ok "a missed silent instruction" missed silent cpuid
ok "is refused" finding silent.image unannotated '`cpuid`'
build exempt "$pvh; $body; .globl g; .type g,@function; g: .afterburn_off; wbinvd; cpuid; .afterburn_on; ret; .size g,.-g" && afterburner link exempt -o exempt.image
ok "exempt instructions" clean exempt.image
ok "are exempt where they are silent, and rely on the trap where they trap" certificate '.counts.exempt == 1 and .bound.relies_on_trap == {count: 1, by_mnemonic: {wbinvd: 1}}'

# --- Alternatives: `original` is replaced by `replacement` when the processor has word*32+bit
flags='.section .rodata,"a"; .globl x86_cap_flags; .balign 8; x86_cap_flags: .zero 22*32*8; .globl x86_bug_flags; x86_bug_flags: .zero 2*32*8; .globl behind; behind: .quad 0'
alternative() { # NAME FEATURE ORIGINAL REPLACEMENT
    build "$1" "$pvh; $body; .globl g; .type g,@function; g: 1: $3; 2: ret; .size g,.-g
        .section .altinstr_replacement,\"ax\"; 3: $4
        4: .section .altinstructions,\"a\"; .long 1b-., 3b-.; .word $2; .byte 2b-1b, 4b-3b; $flags"
}
nops='.nops 12'
composed() { # NAME FEATURE ORIGINAL REPLACEMENT: link takes it
    rm -f "$1.image"
    alternative "$@" && afterburner link "$1" -o "$1.image"
}
verdict() { # VERDICT TEXT FEATURE ORIGINAL REPLACEMENT
    local verdict=$1 text=$2
    shift 2
    composed alternative "$@" && clean alternative.image || return 1
    jq -e --arg verdict "$verdict" --arg text "$text" '.alternatives | length == 1 and .[0].verdict == $verdict and (.[0].why | contains($text))' certificate.json ||
        { jq -c .alternatives certificate.json; return 1; }
}
refused() { # TEXT FEATURE ORIGINAL REPLACEMENT: by link, and when that is told to, by verify
    local text=$1
    shift
    alternative refused "$@" || return 1
    rm -f refused.image
    code 1 afterburner link refused -o refused.image 2>message || return 1
    [ ! -e refused.image ] || return 1
    grep -F "refused: not verified: " message | grep -qF "$text" || { cat message; return 1; }
    code 0 afterburner link --wedge native refused -o refused.native || return 1
    code 0 afterburner link --allow-unsound refused -o refused.image && finding refused.image alternative-ungated "$text"
}
smap='9*32+20'
ok "stac on SMAP" verdict never 'the policy hides CPUID 7 EBX bit 20' "$smap" "$nops" stac
ok "sites in replacements stay as they are" certificate '.bound.in_replacements == 1 and .bound.sites == 3 and .bound.jumps + .bound.stores == 2'
ok "stac where there is no SMAP" verdict trapping 'where the flag is clear' "$smap+0x8000" "$nops" stac
ok "relies on the trap" certificate '.bound.relies_on_trap == {count: 1, by_mnemonic: {stac: 1}} and .verified'
ok "rdtsc, always brought" verdict harmless 'the wedge emulates it by itself' '3*32+18' 'rdtsc; .nops 5' 'lfence; rdtsc'
ok "over a bound site" certificate '.bound.overwritten == 1'
ok "a shown feature, privileged" verdict trapping 'the policy shows CPUID 1 EDX bit 4' '0*32+4' "$nops" wbinvd
ok "wrmsr on IBPB" verdict never 'IBPB' '7*32+21' "$nops" wrmsr
ok "a bug that the policy rules out" verdict never 'the policy sets CPUID 0x80000021 EAX bit 6' '22*32+10' "$nops" 'mov %eax,%gs'
ok "another bug" refused 'nobody has said what sets this flag' '22*32+14' "$nops" 'mov %eax,%gs'
ok "xsaves" verdict never 'CPUID 0xd.1 EAX bit 3' '10*32+3' "$nops" 'xsaves (%rdi)'
ok "innocuous ones are not asked" composed alternative '7*32+5' "$nops" 'mov %eax,%ecx'
ok "and not listed" bash -c '"$0" verify --bound xen --json - alternative.image | jq -e ".alternatives == [] and .verified"' "$AFTERBURNER"
ok "a shown feature, silent" refused 'a silent cpuid that nobody emulates, when the processor has word 0 bit 4 (the policy shows CPUID 1 EDX bit 4)' '0*32+4' "$nops" cpuid
ok "an unknown feature" refused 'a silent pushf that nobody emulates, when the processor has word 7 bit 5 (nobody has said what sets this flag)' '7*32+5' "$nops" pushf
ok "a hidden feature, where it lacks" refused 'a silent pushf' "$smap+0x8000" "$nops" pushf
ok "a site of more than 7 bytes in an original" refused 'behind a patch' "$smap" 'invlpg 0x12345678(%rax,%rbx)' nop
# A replacement that runs where it lies, as the table says of code that is none.
in_place() { # TEXT LINE: code around the replacement
    build place "$pvh; $body; .globl g; .type g,@function; g: 1: .nops 12; 2: ret; $2
        .section .altinstructions,\"a\"; .long 1b-., 3b-.; .word 9*32+20; .byte 2b-1b, 4b-3b; $flags" &&
        afterburner link place -o place.image && finding place.image "${3:-site-not-bound}" "$1"
}
ok "code that runs into a replacement" in_place 'code in front of its replacement may run into it' '3: pushf; 4: ret'
ok "a replacement that is a function" in_place 'its replacement is, or is behind, a function' \
    '.section .altinstr_replacement,"ax"; .globl h; .type h,@function; h: 3: pushf; 4: ret; .size h,.-h'
ok "a branch to a replacement" in_place 'runs a replacement where it lies' '.section .altinstr_replacement,"ax"; 3: pushf; ret; 4: .text; jmp 3b' alternative-ungated
# A replacement that is bound, as no link makes it.
bind_replacement() { # IMAGE: gives the last site, which is the replacement's, the patch of the one before it
    local patches
    patches=$(section_offset "$1" .wedge.patches.xen)
    dd if="$1" of="$1" bs=1 count=8 skip=$((patches + 8)) seek=$((patches + 16)) conv=notrunc status=none
}
composed alternative '0*32+4' "$nops" 'nop; wbinvd' && bind_replacement alternative.image
ok "a bound site in a replacement" finding alternative.image alternative-ungated 'copied, its jump does not go to its stub'
flags=.text
ok "without names nobody can tell features from bugs" refused 'tell features from bugs' "$smap" "$nops" pushf

# --- Refused images
refused_input() { # CODE TEXT ARGUMENT...
    local expected=$1 text=$2
    shift 2
    code "$expected" afterburner verify --bound "$@" 2>message || return 1
    grep -qF -- "$text" message || { cat message; return 1; }
}
ok "an image without a wedge" refused_input 3 'no wedge: it is not bound anywhere' xen "$guest"
ok "an image for another place" bash -c '"$0" link "$1" --wedge native -o native' "$AFTERBURNER" "$guest"
ok "has nothing for this one" refused_input 3 'native: it was not linked for xen; link it with --wedge xen' xen native
ok "an unknown place" refused_input 2 '--bound vax: not a place that sites are bound for; use xen' vax image
ok "a place where nothing is bound" refused_input 2 '--bound native: not a place' native image
strip image -o stripped
ok "a stripped image" refused_input 3 'its wedge has no symbol wedge_stub_rsp' xen stripped
cp image lost && poke lost $((header + 72 + 3)) '\x7e'
ok "a table that is not loaded" refused_input 3 "its wedge's table of sites is not loaded" xen lost
finish
