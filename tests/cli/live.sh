#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `afterburner verify --live`: dumps of memory that are as a guest leaves its code, and such that are not. The dumps are
# made of the images themselves; tests/cli/bound.sh has what is said of these.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"

afterburner() { "$AFTERBURNER" "$@"; }
as() { "$AFTERBURNER_AS" "$@"; }
poke() { # FILE OFFSET BYTES: overwrites bytes
    printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
# dump FILE DUMP [OFFSET]: what a loader of the file puts into physical memory, which begins at this offset.
dump() {
    local offset at size
    rm -f "$2"
    while read -r offset at size; do
        dd if="$1" of="$2" bs=4096 iflag=skip_bytes,count_bytes oflag=seek_bytes skip=$((offset)) seek=$((at + ${3:-0})) count=$((size)) conv=notrunc status=none
    done < <(readelf -lW "$1" | awk '$1 == "LOAD" { print $2, $4, $5 }')
}
verify() { afterburner verify --json certificate.json "$@"; }
certificate() { jq -e "$@" certificate.json; }
# finding KIND TEXT ARGUMENT...: there is an open finding of that kind whose detail has the text.
finding() {
    local kind=$1 text=$2
    shift 2
    code 1 verify --quiet "$@" || return 1
    jq -e --arg kind "$kind" --arg text "$text" \
        '[.findings[] | select(.state == "open" and .kind == $kind and (.detail | contains($text)))] | length > 0' certificate.json ||
        { jq -c '.findings[]' certificate.json; return 1; }
}

# Without debugging information: libbfd does not free all of what it reads in it, which fails under a leak checker.
ok "the guest builds" make -s -C "$SOURCE_DIR/examples/hello-kernel" O="$PWD/hello" CC="$AFTERBURNER cc --policy policy gcc" CFLAGS=-O2
ok "the wedge builds" "$SOURCE_DIR/tests/link/build-wedge.sh" "$SOURCE_DIR" wedge.elf
export AFTERBURNER_WEDGE=$PWD/wedge.elf
ok "they are composed" afterburner link hello/hello-kernel.elf -o image
[ -e image ] || finish
ok "and bound" "$TEST_TOOLS/link-image" image xen bound

# --- Memory as it should be
dump image neutral.dump && dump bound bound.dump
ok "on bare hardware" code 0 verify --live neutral.dump image
ok "what was compared is told" certificate '.live | .dump == "neutral.dump" and .offset == "0x0" and .compared > 10000 and .given_up == 0 and .unexplained == 0'
ok "each site was" certificate '.live.sites == .counts.sites'
ok "on Xen" code 0 verify --bound xen --live bound.dump image
ok "each site is bound" certificate '.live.sites == .bound.sites and .bound.jumps > 50'
dump bound moved.dump 0x345000
ok "behind other memory" code 0 verify --bound xen --live moved.dump --offset 0x345000 image
ok "with the offset" certificate '.live.offset == "0x345000"'
ok "the report says it" bash -c '"$0" verify --bound xen --live bound.dump image | tr "\n" ";" | grep -E "live: [0-9]+ bytes of code compared, 0 of initial .*;  live: [0-9]+ sites as expected; 0 alternatives .*nothing else was changed"' "$AFTERBURNER"
afterburner verify --quiet --json plain.json image
ok "without a dump nothing is said of it" jq -e 'has("live") and .live == null' plain.json

# --- Memory that is not
ok "sites that are not bound" finding live-not-bound cli --bound xen --live neutral.dump image
ok "each of them" certificate '([.findings[] | select(.kind == "live-not-bound" and .state == "open")] | length) == .bound.sites'
ok "bound ones on bare hardware" finding live-unexplained 'in the site of cli' --live bound.dump image
physical() { echo $((0x$(nm image | awk -v n="$1" '$3 == n { print $1 }') - 0xffffffff80000000)); }
cp bound.dump changed.dump && poke changed.dump $(($(physical kernel_main) + 5)) '\x0f\xa2'
ok "changed code" finding live-unexplained '0f a2 found' --bound xen --live changed.dump image
ok "its place" certificate '[.findings[] | select(.kind == "live-unexplained")] | length == 1 and .[0].function == "kernel_main"'
cp bound.dump changed.dump
wedge=$("$TEST_TOOLS/link-image" image | sed -nE 's/^wedge .* physical (.*)/\1/p')
stubs=$((wedge + 0x$(nm image | awk '$3 == "wedge_stubs" { print $1 }') - 0xffffffff7f800000))
poke changed.dump $((stubs + 24 * 9 + 15)) '\x77'
ok "a changed stub" finding live-unexplained 'found' --bound xen --live changed.dump image
ok "which is the wedge's" certificate '[.findings[] | select(.kind == "live-unexplained")] | length == 1 and .[0].section == ".wedge.stubs"'
# A wedge that went elsewhere: the page with the table of sites is something else.
cp bound.dump changed.dump && poke changed.dump $((wedge + 0x$(nm image | awk '$3 == "wedge_sites" { print $1 }') - 0xffffffff7f800000)) '\xff\xff\xff\xff'
ok "a wedge that has moved" code 0 verify --bound xen --live changed.dump image
ok "is told" certificate .live.wedge_moved

# --- What a Linux writes over its code
cat >guest.lds <<'LDS'
PHDRS { text PT_LOAD FLAGS(5); rodata PT_LOAD FLAGS(4); }
SECTIONS {
	. = 0xffffffff80100000;
	.text : AT(ADDR(.text) - 0xffffffff80000000) { *(.text) } :text
	.altinstr_replacement : AT(ADDR(.altinstr_replacement) - 0xffffffff80000000) { *(.altinstr_replacement) } :text
	.init.text : AT(ADDR(.init.text) - 0xffffffff80000000) { *(.init.text) } :text
	. = ALIGN(4096);
	.afterburn : AT(ADDR(.afterburn) - 0xffffffff80000000) { *(.afterburn) } :rodata
	.altinstructions : AT(ADDR(.altinstructions) - 0xffffffff80000000) { *(.altinstructions) } :rodata
	__jump_table : AT(ADDR(__jump_table) - 0xffffffff80000000) { *(__jump_table) } :rodata
	.static_call_sites : AT(ADDR(.static_call_sites) - 0xffffffff80000000) { *(.static_call_sites) } :rodata
	.smp_locks : AT(ADDR(.smp_locks) - 0xffffffff80000000) { *(.smp_locks) } :rodata
	.retpoline_sites : AT(ADDR(.retpoline_sites) - 0xffffffff80000000) { *(.retpoline_sites) } :rodata
	.return_sites : AT(ADDR(.return_sites) - 0xffffffff80000000) { *(.return_sites) } :rodata
	.rodata : AT(ADDR(.rodata) - 0xffffffff80000000) { *(.rodata) } :rodata
	/DISCARD/ : { *(.data .bss .note.gnu.property) }
}
LDS
cat >linux.s <<'S'
	.macro	place name
	.globl	\name
	.type	\name,@function
\name:
	.endm
	place	f
	cli
	ret
	place	smap
	.nops	7
1:	ret
	place	tsc
	rdtsc
	.nops	8, 1
2:	ret
	place	label
	.byte	0x0f, 0x1f, 0x44, 0, 0
	ret
	place	short_label
	jmp	3f
	ret
3:	ret
	place	called
	call	f
	ret
	place	locked
	lock incl (%rax)
	ret
	place	thunked
	call	thunk
	ret
	place	returns
	.byte	0xe9
	.long	thunk-.-4
	.nops	8
	place	thunk
	int3
	.nops	8
	.section .init.text,"ax"
	.globl	__init_begin
__init_begin:
	place	initial
	cli
	ret
	.nops	16
	.section .rodata,"a"
	.globl	__bss_start
__bss_start:
	.section .altinstr_replacement,"ax"
4:	stac
5:	lfence
	rdtsc
6:
	.section .altinstructions,"a"
	.long	smap-., 4b-.
	.word	9*32+20
	.byte	1b-smap, 5b-4b
	.long	tsc-., 5b-.
	.word	3*32+18
	.byte	2b-tsc, 6b-5b
	.section __jump_table,"a"
	.long	label-., called-., 0, 0
	.long	short_label-., 3b-., 0, 0
	.section .static_call_sites,"a"
	.long	called-., 0
	.section .smp_locks,"a"
	.long	locked-.
	.section .retpoline_sites,"a"
	.long	thunked-.
	.section .return_sites,"a"
	.long	returns-.
	.section .rodata,"a"
	.balign	8
	.globl	x86_cap_flags, x86_bug_flags
x86_cap_flags:
	.zero	22*32*8
x86_bug_flags:
	.zero	2*32*8
S
ok "a guest with tables" bash -c '"$0" linux.s -o linux.o && ld -e f -T guest.lds linux.o -o linux' "$AFTERBURNER_AS"
dump linux linux.dump
ok "as it was linked" code 0 verify --live linux.dump linux
at() { echo $((0x$(nm linux | awk -v n="$1" '$3 == n { print $1 }') - 0xffffffff80000000)); }
distance() { # FROM LENGTH TO: of a branch, as bytes
    local value=$((($(at "$3") - $(at "$1") - $2) & 0xffffffff))
    printf '\\x%02x\\x%02x\\x%02x\\x%02x' $((value & 255)) $((value >> 8 & 255)) $((value >> 16 & 255)) $((value >> 24))
}
# wrote COUNT PLACE BYTES: the guest may write that; counted as this.
wrote() {
    cp linux.dump changed.dump && poke changed.dump "$(at "$2")" "$3" && code 0 verify --live changed.dump linux && certificate "$1 == 1 and .live.unexplained == 0"
}
# never PLACE BYTES: this it does not
never() {
    cp linux.dump changed.dump && poke changed.dump "$(at "$1")" "$2" && finding live-unexplained found --live changed.dump linux
}
# The original is rdtsc with its pad, 7 bytes, and 8 nops; what is left of the replacement's copy are nops.
ok "an alternative" wrote .live.alternatives tsc '\x0f\xae\xe8\x0f\x31\x0f\x1f\x44\x00\x00\x0f\x1f\x44\x00\x00'
ok "another one" never tsc '\x0f\xae\xe8\x0f\x33\x0f\x1f\x44\x00\x00\x0f\x1f\x44\x00\x00'
ok "longer nops" wrote .live.nops tsc '\x0f\x31\x0f\x1f\x44\x00\x00\x0f\x1f\x84\x00\x00\x00\x00\x00'
ok "a jump label" wrote .live.changed.jump_labels label "\\xe9$(distance label 5 called)"
ok "a jump label elsewhere" never label "\\xe9$(distance label 5 f)"
ok "a short jump label" wrote .live.changed.jump_labels short_label '\x66\x90'
ok "a static call of something else" wrote .live.changed.static_calls called "\\xe8$(distance called 5 tsc)"
ok "a static call of nothing" wrote .live.changed.static_calls called '\x0f\x1f\x44\x00\x00'
ok "a static call out of the code" never called '\xe8\x00\x00\x00\x70'
ok "a lock prefix" wrote .live.changed.locks locked '\x3e'
ok "no lock prefix" never locked '\x2e'
ok "a call by register" wrote .live.changed.retpolines thunked '\xff\xd0\x0f\x1f\x00'
ok "half of one" never thunked '\x0f\xae\xe8\x41\xff'
ok "a return" wrote .live.changed.returns returns '\xc3\xcc\xcc\xcc\xcc'
ok "initial code that is given up" wrote '(if .live.given_up > 0 then 1 else 0 end)' initial '\xcc\xcc\xcc'
ok "code beside all tables" never f '\x90'
# Bound, the same: what is hidden is not brought.
ok "with a PVH note, composed" bash -c 'printf "\t.section .note.Xen,\"a\",@note\n\t.long 4, 4, 18\n\t.asciz \"Xen\"\n\t.long 0x100000\n" >note.s && "$0" note.s -o note.o &&
    sed "s/ FLAGS(4); }/ FLAGS(4); note PT_NOTE FLAGS(4); }/; s/^\t.rodata.*/&\n\t.note.Xen : AT(ADDR(.note.Xen) - 0xffffffff80000000) { *(.note.Xen) } :rodata :note/" guest.lds >note.lds &&
    ld -e f -T note.lds linux.o note.o -o noted && "$1" link noted -o composed && "$2/link-image" composed xen composed.bound' "$AFTERBURNER_AS" "$AFTERBURNER" "$TEST_TOOLS"
dump composed.bound composed.dump
ok "it is as bound" code 0 verify --bound xen --live composed.dump composed
cp composed.dump changed.dump && poke changed.dump "$(at smap)" '\x0f\x01\xcb\x0f\x1f\x40\x00'
ok "an alternative that is never brought" finding live-alternative 'the policy hides CPUID 7 EBX bit 20' --bound xen --live changed.dump composed
cp composed.dump changed.dump && poke changed.dump "$(at tsc)" '\x0f\xae\xe8\x0f\x31\x0f\x1f\x44\x00\x00\x0f\x1f\x44\x00\x00'
ok "one that may be" code 0 verify --bound xen --live changed.dump composed
ok "over a bound site" certificate '.live.alternatives == 1 and .live.sites == .bound.sites - 1'

# --- Refused
refused() { # CODE TEXT ARGUMENT...
    local expected=$1 text=$2
    shift 2
    code "$expected" afterburner verify "$@" 2>message || return 1
    grep -qF -- "$text" message || { cat message; return 1; }
}
head -c 1000 bound.dump >short.dump
ok "a dump that is too short" refused 3 'short.dump: it ends before ' --live short.dump image
ok "also when bound" refused 3 'short.dump: it ends before ' --bound xen --live short.dump image
ok "with one message" test "$(wc -l <message)" -eq 1
ok "an offset that is too high" refused 3 'bound.dump: it ends before' --live bound.dump --offset 0x7fffffffffffffff image
ok "no such dump" refused 3 'nowhere: cannot be read' --live nowhere image
ok "a folder as dump" refused 3 'hello: not a dump of memory' --live hello image
ok "an object file" refused 3 'linux.o: a relocatable file is nowhere in memory' --live bound.dump linux.o
ok "an offset without a dump" refused 2 '--offset is of a dump' --offset 5 image
ok "two images" refused 2 '--live takes one image' --live bound.dump image image
ok "an offset that is no number" refused 2 '--offset far: not a number' --live bound.dump --offset far image
finish
