#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `afterburner link`: what a composed image has, that it boots as the guest did, and what is refused. The wedge is a
# stand-in (tests/link/wedge.c): nothing of it runs here.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"

afterburner() { "$AFTERBURNER" "$@"; }
as() { "$AFTERBURNER_AS" "$@"; }
build_wedge() { "$SOURCE_DIR/tests/link/build-wedge.sh" "$SOURCE_DIR" "$@"; }
poke() { # FILE OFFSET BYTES: overwrites bytes
    printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
number() { printf '%u' "$1"; } # of a hexadecimal one, with 0x
# symbol NAME FILE: its address, without 0x.
symbol() { nm "$2" | awk -v name="$1" '$3 == name { print $1 }'; }
# section NAME FILE: address, offset and size, hexadecimal.
section() { readelf -SW "$2" | sed 's/^ *\[ *[0-9]*\] *//' | awk -v n="$1" '$1 == n { print $3, $4, $5 }'; }
make_hello() { make -s -C "$SOURCE_DIR/examples/hello-kernel" O="$PWD/$1" CC="$AFTERBURNER cc --policy policy gcc" CFLAGS="$2"; }

ok "the guest builds" make_hello hello '-O2 -g'
ok "the wedge builds" build_wedge wedge.elf -g
guest=hello/hello-kernel.elf
export AFTERBURNER_WEDGE=$PWD/wedge.elf
ok "link" code 0 afterburner link "$guest" -o image
[ -e image ] || finish

# --- Structure
segments() { readelf -lW "$1" | awk '$1 == "LOAD" || $1 == "NOTE"' | sed 's/^ *//'; }
ok "the guest's segments come first, as they were" diff <(segments "$guest") <(segments image | head -n "$(segments "$guest" | wc -l)")
sections() { readelf -SW "$1" | sed -nE 's/^ *\[ *[0-9]+\] ([^ ]+) +([A-Z]+) +([0-9a-f]+) [0-9a-f]+ ([0-9a-f]+) (.*)/\1 \2 \3 \4/p' |
    grep -v '^\.\(sym\|str\|shstr\)tab'; }
ok "so do its sections, those for debuggers, too" diff <(sections "$guest") <(sections image | head -n "$(sections "$guest" | wc -l)")
contents() { # FILE NAME
    objcopy -O binary --only-section="$2" --set-section-flags "$2=alloc" "$1" /dev/stdout
}
same_contents() {
    local name
    for name in $(sections "$guest" | awk '$2 != "NOBITS" && $2 != "NULL" { print $1 }'); do
        cmp <(contents "$guest" "$name") <(contents image "$name") || { echo "$name"; return 1; }
    done
}
ok "with the same contents" same_contents
symbols() { readelf -sW "$1" | awk '$1 ~ /^[0-9]+:$/ && $4 != "SECTION" { print $2, $3, $4, $5, $6, $8 }' | sort; }
ok "its symbols are all there" test -z "$(comm -23 <(symbols "$guest") <(symbols image))"
ok "the wedge's are local" bash -c 'readelf -sW image | awk "\$8 == \"wedge_image\" && \$5 == \"LOCAL\"" | grep -q .'
ok "so that memcpy is the guest's" test "$(readelf -sW image | awk '$8 == "memcpy" && $5 == "GLOBAL"' | wc -l)" -eq 1
ok "the entry is the guest's" test "$(readelf -hW image | grep 'Entry point')" = "$(readelf -hW "$guest" | grep 'Entry point')"
ok "libbfd reads it" objdump -x image
ok "debugging information still finds its way" test "$(addr2line -e image "0x$(symbol kernel_main image)")" != '??:0'

wedge_segments() { segments image | awk '$1 == "LOAD" && $3 ~ /^0xffffffff7f/'; }
contiguous() { # physical addresses follow the virtual ones, from 2 MB up behind the guest
    local physical
    physical=$(segments "$guest" | awk '$1 == "LOAD" { print $4, $6 }' | while read -r start size; do echo $((start + size)); done | sort -n | tail -n 1)
    physical=$(((physical + 0x1fffff) / 0x200000 * 0x200000))
    wedge_segments | while read -r _ offset start at _ _ flags; do
        [ $((at - physical)) -eq $((start - 0xffffffff7f800000)) ] || { echo "$start at $at, from $physical"; return 1; }
        [ $(((offset | start) % 4096)) -eq 0 ] || { echo "$start is not at a page"; return 1; }
        case $flags in *W*E*) echo "$start is writable and executable"; return 1 ;; esac
    done
}
ok "the wedge lies contiguous behind the guest" contiguous
ok "its segments: data, text, tables, stubs, patches" test "$(wedge_segments | awk '{ $1 = $2 = $3 = $4 = $5 = $6 = $NF = ""; print }' | tr -d ' ' | paste -sd,)" = RW,RE,R,RE,R
ok "its window is that of wedge.lds" grep -qF "    . = $(sed -n 's/^#define WEDGE_WINDOW  *//p' "$SOURCE_DIR/afterburner/include/afterburn/window.h");" "$SOURCE_DIR/wedge/wedge.lds"

# --- Notes
note() { # TYPE: the value's bytes
    readelf -nW image | sed -n '/\.note\.wedge/,$p' | awk -v type="$1" 'index($0, type) { getline rest; sub(/.*description data: /, "", $0); print }' | sed 's/ *$//'
}
little() { # HEX: as eight bytes
    printf '%016x' "0x$1" | sed -E 's/(..)(..)(..)(..)(..)(..)(..)(..)/\8 \7 \6 \5 \4 \3 \2 \1/'
}
image_at=$("$TEST_TOOLS/link-image" image | sed -nE 's/^wedge .* physical (.*)/\1/p')
above() { printf '%x' $((0xffffffff80000000 + image_at + 0x$(symbol "$1" image) - 0xffffffff7f800000)); }
ok "Xen's VIRT_BASE" test "$(note '(0x00000003)')" = '00 00 00 80 ff ff ff ff'
ok "Xen's ENTRY" test "$(note NT_VERSION)" = "$(little "$(above wedge_xen_start)")"
ok "Xen's HYPERCALL_PAGE" test "$(note NT_ARCH)" = "$(little "$(above wedge_xen_hypercall_page)")"
ok "Xen's XEN_VERSION" test "$(note '(0x00000005)')" = '78 65 6e 2d 33 2e 30 00'
ok "Xen's SUPPORTED_FEATURES" test "$(note '(0x00000011)')" = '00 08 00 00'
ok "ten notes" test "$(readelf -nW image | sed -n '/\.note\.wedge/,$p' | grep -c '^  Xen')" -eq 10
ok "the guest's PVH note stays" bash -c 'readelf -nW image | sed "/note.wedge/,\$d" | grep -q 0x00000012'

# --- The Multiboot2 header, by the specification's numbers
header() { # IMAGE: its words, from the magic number on, of the first 32 KB
    od -An -v -tx4 -w4 -N 32768 "$1" | tr -d ' ' | awk '$1 == "e85250d6" { on = 1 } on && n++ < 16'
}
header image >words
word() { echo $((0x$(sed -n "${1}p" words))); }
ok "a Multiboot2 header" test -s words
ok "for 32-bit code, of 64 bytes" test "$(word 2) $(word 3)" = "0 64"
ok "whose sum is 0" test $((($(word 1) + $(word 2) + $(word 3) + $(word 4)) & 0xffffffff)) -eq 0
ok "which leads to the wedge's entry" test "$(sed -n '9,11p' words | paste -sd,)" = "00000003,0000000c,$(printf %08x $((image_at + 0x$(symbol wedge_multiboot_start image) - 0xffffffff7f800000)))"
ok "it lies in no segment" bash -c 'readelf -lW image | awk "\$1 == \"LOAD\" { print \$2 }" | while read -r offset; do test $((offset)) -ge 4096 || exit 1; done'
ok "no program header is needed for it" bash -c '! readelf -lW image | grep "^  NULL"'

# --- The table of sites
"$TEST_TOOLS/link-image" image >tables
afterburner sites --json "$guest" >sites.json
ok "the header: PVH, at the note's address" grep -qx 'entry 0x1000000 protocol 1' tables
ok "the header: the guest's segments" diff <(grep ^segment tables | tr -d '\n') \
    <(segments "$guest" | awk '$1 == "LOAD" { print $3, $4, $6 }' | while read -r v p s; do printf 'segment 0x%x 0x%x 0x%x' "$v" "$p" "$s"; done)
ends_with() {
    local address size
    read -r address _ size < <(section .note.wedge image)
    [ "$(awk '$1 == "wedge" { print $3 }' tables)" = "$(printf '0x%x' $(((0x$address + 0x$size + 4095) & ~4095)))" ]
}
ok "the header: its end is the last section's, in pages" ends_with
ok "one place that sites are bound for" test "$(grep ^place tables)" = 'place xen'
ok "each site, by its physical address" diff <(grep ^site tables | awk '{ print $2, $4, $6, $8, $10 }') \
    <(jq -r '.[] | "\(.address) \(.span) \(.offset) \(.length) \(.bits)"' sites.json |
        while read -r address rest; do printf '0x%x %s\n' $((address - 0xffffffff80000000)) "$rest"; done | sort)
# --- Bound for Xen, as it would be in memory
ok "binding" "$TEST_TOOLS/link-image" image xen bound
read -r stubs _ stubs_size < <(section .wedge.stubs image)
stubs=$((0x$stubs))
ok "24 bytes of stub for each site" test $((0x$stubs_size)) -eq $((24 * $(jq length sites.json)))
objdump -d --no-show-raw-insn bound >bound.text
jumps() { # each site of 64-bit code is a jump to its stub and a nop, or a store, each other one a ud2
    local index=0 line address bits
    while read -r line; do
        address=${line% *} bits=${line#* }
        if [ "$bits" = 64 ]; then
            # cli, of which the event mask is the whole.
            grep -qE "^$address:	movb +\\\$0x1,.*# $(printf %x $((0x$(symbol vcpu_page image) + 1))) " bound.text && { index=$((index + 1)); continue; }
            grep -qE "^$address:	jmp +$(printf %x $((stubs + 24 * index))) " bound.text || { echo "$line: no jump to stub $index"; return 1; }
            grep -qE "^$(printf %x $((0x$address + 5))):	xchg +%ax,%ax" bound.text || { echo "$line: no nop"; return 1; }
        else
            objdump -d --start-address="0x$address" --stop-address="$(printf '0x%x' $((0x$address + 2)))" bound | grep -q ud2 ||
                { echo "$line: no ud2"; return 1; }
        fi
        index=$((index + 1))
    done < <(jq -r 'sort_by(.address) | .[] | "\(.address[2:]) \(.bits)"' sites.json)
    [ "$index" -gt 100 ]
}
ok "the sites jump to their stubs" jumps
good_stubs() {
    objdump -d --no-show-raw-insn -j .wedge.stubs image | sed -nE 's/^([0-9a-f]+):\t/\1 /p' >stubs.text
    awk -v rsp="$(symbol wedge_stub_rsp image)" -v stack="$(symbol wedge_stub_stack image)" -v entry="$(symbol wedge_stub_entry image)" '
        BEGIN { i = 0; n = 0 }
        FNR == NR { bits[NR - 1] = $1; next }
        $2 == "int3" { int3++; next }
        { bad = 0 }
        n % 4 == 0 { bad = !($2 == "mov" && $3 ~ /^%rsp,/ && index($0, "# " rsp " ")) }
        n % 4 == 1 { bad = !($2 == "lea" && $3 ~ /,%rsp$/ && index($0, "# " stack " ")) }
        n % 4 == 2 { while (bits[i] != 64) i++; bad = !($2 == "push" && $3 == sprintf("$0x%x", i)); i++ }
        n % 4 == 3 { bad = !($2 == "jmp" && $3 == entry) }
        bad { print "instruction", n, $0; exit 1 }
        { n++ }
        END { for (k in bits) if (bits[k] == 64) jumps++; else traps++
              if (n != 4 * jumps || int3 != 24 * traps) { print n, jumps, int3, traps; exit 1 } }' \
        <(jq -r 'sort_by(.address) | .[].bits' sites.json) stubs.text
}
ok "the stubs: stack, number, and into the wedge" good_stubs

# --- Verification
# Without debugging information: libbfd does not free all of what it reads in it, which fails under a leak checker.
make_hello short -O2
afterburner link short/hello-kernel.elf -o short.image
afterburner verify --quiet --json guest.json short/hello-kernel.elf
ok "it verifies as the guest does" code 0 afterburner verify --json image.json short.image
ok "with the same certificate" diff <(jq -S 'del(.file, .wedge)' guest.json) <(jq -S 'del(.file, .wedge)' image.json)
ok "which lists the wedge" jq -e '.wedge.start == "0xffffffff7f800000" and (.wedge.sections | map(.section)) ==
    [".wedge.data", ".wedge.text", ".wedge.rodata", ".wedge.sites", ".wedge.stubs", ".wedge.patches.xen", ".note.wedge"]' image.json
ok "and the guest's no wedge" jq -e 'has("wedge") and .wedge == null' guest.json
ok "the report counts it" bash -c '"$0" verify short.image | grep -E "wedge: [0-9]+ bytes in 7 sections at 0xffffffff7f800000, not decoded"' "$AFTERBURNER"
ok "a wedge alone is read as any other code" code 1 afterburner verify --quiet wedge.elf
ok "its sites are the guest's" diff <(afterburner sites "$guest") <(afterburner sites image)
# A name alone hides nothing: without the header, and elsewhere than in the window.
printf '\t.globl f\n\t.type f,@function\nf:\tnop\n\tret\n\t.section .wedge.text,"ax"\n\t.globl g\n\t.type g,@function\ng:\tcli\n\tret\n' >hide.s
command as hide.s -o hide.o && ld -e 0 -Ttext=0x100000 hide.o -o hide
ok "a guest's section of that name is decoded" code 1 afterburner verify --quiet hide
cp image moved && poke moved $((0x$(section .wedge.rodata image | cut -d ' ' -f 2) + 16 + 7)) '\x7f'
ok "so is a wedge outside of its window" code 1 afterburner verify --quiet moved

# --- Determinism
mkdir -p other/folder
cp "$guest" wedge.elf other/folder/
ok "another folder, the same bytes" bash -c 'cd other/folder && "$0" link --wedge-file wedge.elf -o out hello-kernel.elf && cmp out ../../image' "$AFTERBURNER"
ok "over an image that is there" bash -c '"$0" link "$1" -o other/folder/out && cmp other/folder/out image' "$AFTERBURNER" "$guest"

# --- Bare hardware
run() { "$AFTERBURNER" run --on native "$@" </dev/null; }
ok "it boots: exit code 0" code 0 run image
ok "and prints what the guest prints" bash -c '"$0" run --on native --deterministic image </dev/null >one && "$0" run --on native --deterministic "$1" </dev/null >two &&
    cmp one two && tr -d "\r" <one | grep -qx "hello-kernel: all done"' "$AFTERBURNER" "$guest"
ok "it passes its arguments on: exit code 42" code 42 run --append exit=42 image

# --- Options
ok "--wedge native" code 0 afterburner link "$guest" --wedge native -o native
ok "has the wedge and the sites" bash -c 'readelf -SW native | grep -q "\.wedge\.sites"'
ok "--wedge xen has no Multiboot2 header" bash -c '"$0" link "$1" --wedge xen -o xen && ! grep -q "$(printf "\326\120\122\350")" xen' "$AFTERBURNER" "$guest"
ok "and nothing of Xen's" bash -c '! readelf -SW native | grep -E "note\.wedge|stubs|patches"'
ok "--wedge xen,native is both" bash -c '"$0" link "$1" --wedge xen,native -o both && cmp both image' "$AFTERBURNER" "$guest"
afterburner link "$guest" -o image --explain >explained
ok "--explain lists what came" bash -c 'grep -q "section .wedge.stubs 0xffffffff7f8" explained && grep -q "note Xen 1 ENTRY: 0xffffffff8" explained &&
    grep -q "entered as PVH" explained && grep -q "unchanged, byte for byte: its [0-9]* sites are bound in memory" explained'
explains_all() { # every new section and segment is in it
    local name
    for name in $(sections image | awk '{ print $1 }'); do
        sections "$guest" | grep -q "^$name " || grep -qF "section $name " explained || { echo "$name"; return 1; }
    done
    [ "$(grep -c '  + segment' explained)" -eq "$(wedge_segments | wc -l)" ]
}
ok "all of it" explains_all

# --- Other guests
as_guest() { # NAME TEXT [LINKER OPTION...]: a guest of its own
    local name=$1
    printf '%s\n' "$2" >"$name.s"
    shift 2
    as "$name.s" -o "$name.o" && ld -e start -T guest.lds "$@" "$name.o" -o "$name"
}
cat >guest.lds <<'END'
PHDRS { text PT_LOAD FLAGS(5); rodata PT_LOAD FLAGS(4); note PT_NOTE FLAGS(4); }
SECTIONS {
	. = 0xffffffff81000000;
	.text : AT(ADDR(.text) - 0xffffffff80000000) { *(.text) } :text
	. = ALIGN(4096);
	.afterburn : AT(ADDR(.afterburn) - 0xffffffff80000000) { *(.afterburn) } :rodata
	.note.Xen : AT(ADDR(.note.Xen) - 0xffffffff80000000) { *(.note.Xen) } :rodata :note
	.rodata : AT(ADDR(.rodata) - 0xffffffff80000000) { *(.rodata) } :rodata
	/DISCARD/ : { *(.data .bss .note.gnu.property) }
}
END
pvh='.section .note.Xen,"a",@note; .long 4, 4, 18; .asciz "Xen"; .long 0x1000000; .text'
body='.globl start; .type start,@function; start: cli; 1: hlt; jmp 1b; .size start,.-start'
ok "a small guest" as_guest small "$pvh; $body"
ok "is composed" code 0 afterburner link small -o small.image
# What the linker filled in: instructions that name their operands relative to themselves.
as_guest relative "$pvh; $body; .globl g; .type g,@function; g: lidt table(%rip); invlpg table+8(%rip); mov %cr0,%rax; lgdt g(%rip); ret; .size g,.-g
    .section .rodata,\"a\"; .space 16; table: .quad 0, 0"
filled_in() {
    local count=0 physical rest displacement
    afterburner link relative -o relative.image && "$TEST_TOOLS/link-image" relative.image >relative.tables || return 1
    while read -r physical rest; do
        displacement=$(objdump -d --start-address="$(printf '0x%x' $((physical + 0xffffffff80000000)))" relative |
            grep -m 1 '(%rip)' | sed -nE 's/.* (-?0x[0-9a-f]+)\(%rip\).*/\1/p')
        [ "$(printf '%d' "${displacement:-none}" 2>&1)" = "$rest" ] || { echo "$physical: $displacement, $rest"; return 1; }
        count=$((count + 1))
    done < <(grep ' base 16 ' relative.tables | awk '{ print $2, $(NF - 2) }')
    [ "$count" -eq 3 ]
}
ok "operands that the linker filled in are those of the linked instructions" filled_in
ok "and none is still to be read" bash -c '! grep -E "flags 0x([0-9a-f]*[2367abef])[0-9a-f] " relative.tables'
as_guest linux "$pvh; nop; .globl startup_64; startup_64: $body"
ok "Linux is known by startup_64" bash -c '"$0" link linux -o linux.image && "$1/link-image" linux.image | grep -qx "entry 0x1000001 protocol 2"' "$AFTERBURNER" "$TEST_TOOLS"
physical_entry() { # GRUB looks for the entry in a segment, counted by virtual addresses
    as_guest physical "$pvh; $body" --defsym=entry=0x1000000 -e entry && afterburner link physical -o physical.image &&
        readelf -lW physical.image | awk '$1 == "NULL" { print $3, $4, $5, $6 }' | grep -qx '0x0000000001000000 0x0000000001000000 0x000000 0x000001'
}
ok "a guest with a physical address as its entry" physical_entry
as_guest own "$pvh; $body; .section .rodata,\"a\"; .balign 8; .long 0xe85250d6, 0, 24, 0x17adaf12, 0, 8"
ok "a guest's own Multiboot2 header stays" bash -c '"$0" link own -o own.image --explain | grep -q "own Multiboot2 header stays"' "$AFTERBURNER"
ok "and no other comes" test "$(header own.image | sed -n '1p;3p' | paste -sd,)" = e85250d6,00000018
as_guest bare "$body; .globl startup_64; startup_64 = start"
ok "one without a PVH note is not for loaders" bash -c '"$0" link bare -o bare.image --explain | grep -q "no PVH entry note" && ! grep -q "$(printf "\326\120\122\350")" bare.image' "$AFTERBURNER"
as_guest tight "$pvh; $body" -n
ok "no room for it before the first section" bash -c '"$0" link tight -o tight.image --explain | grep "no Multiboot2 header: the file has no room"' "$AFTERBURNER"
ok "pads in front: sti in 32-bit code" as_guest front "$pvh; $body; .code32; .globl g; .type g,@function; g: sti; mov %eax,%ss; ret; .size g,.-g"
front_bound() { # the ud2 is where the span begins, and stays inside of it
    afterburner link front -o front.image && "$TEST_TOOLS/link-image" front.image xen front.bound &&
        objdump -d -m i386 --start-address="0x$(symbol g front)" front.bound >front.text &&
        [ "$(grep -c 'ud2' front.text)" -eq 2 ] && objdump -s -j .text front.bound | grep -qi 0f0b
}
ok "get their ud2 at the first byte" front_bound
objcopy --compress-debug-sections=zlib "$guest" compressed
ok "compressed debugging information is copied as it is" bash -c '"$0" link compressed -o compressed.image && readelf -SW compressed.image | grep -q "debug_info .* C " &&
    cmp <(readelf --debug-dump=info compressed 2>&1) <(readelf --debug-dump=info compressed.image 2>&1)' "$AFTERBURNER"
as_guest relocs "$pvh; $body; .section .rodata,\"a\"; .quad start" --emit-relocs
ok "relocations that the linker left are not" bash -c 'readelf -SW relocs | grep -q "\.rela" && "$0" link relocs -o relocs.image --explain | grep -q "  - relocations of .rodata" &&
    ! readelf -SW relocs.image | grep "\.rela"' "$AFTERBURNER"

# --- Refusals: each has its exit code, one message, and leaves nothing
refused() { # CODE TEXT ARGUMENT...
    local expected=$1 text=$2
    shift 2
    rm -f out
    code "$expected" afterburner link "$@" -o out 2>message || { cat message; return 1; }
    [ "$(grep -cvF -- "$text" message)" -eq 0 ] || { cat message; return 1; }
    [ "$(wc -l <message)" -eq 1 ] || { cat message; return 1; }
    [ ! -e out ] || { echo "it left an output"; return 1; }
}
echo text >text
printf '\t.globl f\n\t.type f,@function\nf:\tcli\n\tret\n' >plain.s
command as plain.s -o plain.o && ld -e start -T guest.lds plain.o -o plain
as plain.s -o object.o
as --32 plain.s -o object32.o && ld -m elf_i386 -e 0 -Ttext=0x100000 object32.o -o guest32
ld -pie -e 0 object.o -o position
ld -e 0 -Ttext=0xffffffff81000000 -z noseparate-code object.o -o headers
ok "not an ELF file" refused 3 'text: not an ELF file' text
ok "no such file" refused 3 'nowhere: cannot be read' nowhere
ok "an object file" refused 3 'object.o: a relocatable file' object.o
ok "a 32-bit guest" refused 3 'guest32: a 32-bit image' guest32
ok "a guest without fixed addresses" refused 3 'position: an image without fixed addresses' position
ok "a guest that loads its headers" refused 3 "headers: the segment at" headers
as_guest gap "$pvh; $body; .section .rodata,\"a\"; .balign 64; .quad 1" && poke gap $((0x$(section .rodata gap | cut -d ' ' -f 2) - 1)) '\x01'
ok "a guest with bytes outside of its sections" refused 3 'is loaded to' gap
ok "an unannotated guest" refused 3 'plain: no site' plain
ok "a composed image as guest" refused 3 'image: it has a wedge already' image
as_guest silent "$body"
ok "a guest without a protocol" refused 3 'silent: no boot protocol' silent
as_guest own "$pvh; .section .note.Xen; .long 4, 8, 5; .asciz \"Xen\"; .asciz \"xen-3.0\"; .text; $body"
ok "a guest with Xen's notes" refused 3 'own: it has notes for Xen of its own (type 5)' own
ok "which is good for bare hardware" code 0 afterburner link own --wedge native -o own.image
sed 's/0xffffffff81000000/0x100000/; s/ - 0xffffffff80000000//' guest.lds >low.lds
as_guest low "$pvh; $body" && ld -e start -T low.lds low.o -o low
ok "a guest out of reach" refused 3 'low: the site at 0x100000 is more than 2 GB away' low
sed 's/0xffffffff81000000/0xffffffff7f900000/; s/ - 0xffffffff80000000/ - 0xffffffff7f000000/' guest.lds >window.lds && ld -e start -T window.lds low.o -o window
ok "a guest in the window" refused 3 "reaches into the wedge's window" window
sed 's/ - 0xffffffff80000000/ - 0xfffffffe80000000/' guest.lds >high.lds && ld -e start -T high.lds low.o -o high
ok "a guest above 4 GB" refused 3 'is loaded above 4 GB' high
printf '\t.globl g\n\t.type g,@function\ng:\tpushfq\n\tret\n\t.size g,.-g\n' >left.s && command as left.s -o left.o && ld -e start -T guest.lds small.o left.o -o unsound
ok "a guest with open findings" refused 1 'unsound: not verified: 1 open finding, the first at 0xffffffff8100' unsound
ok "which the user may allow" bash -c '"$0" link --allow-unsound unsound -o unsound.image 2>message && grep "note: unsound: allowed: 1 open finding.*pushfq" message' "$AFTERBURNER"
ok "and it still is what it was" code 1 afterburner verify --quiet unsound.image
ok "no guest" code 2 afterburner link -o out
ok "no output" code 2 afterburner link "$guest"
ok "two guests" code 2 afterburner link "$guest" small -o out
ok "an unknown place" code 2 afterburner link small --wedge native,vax -o out
ok "the guest as output" code 2 afterburner link small -o ./small
ok "a folder that is not there" code 4 afterburner link small -o nowhere/out
ok "a device as output" code 4 afterburner link small -o /dev/full
ok "a folder as output" code 4 afterburner link small -o other

# --- Refused wedges
ok "the named wedge is missing" refused 3 'nowhere: cannot be read' small --wedge-file nowhere
ok "the wedge is no ELF file" refused 3 'text: not an ELF file' small --wedge-file text
mkdir alone && cp "$AFTERBURNER" alone/
ok "no wedge at all" bash -c 'AFTERBURNER_WEDGE= alone/afterburner link small -o out 2>message; [ $? -eq 5 ] && grep "no wedge beside the program" message'
mkdir -p tree/bin tree/lib/afterburner tree/wedge && cp "$AFTERBURNER" tree/bin/ && cp wedge.elf tree/lib/afterburner/
ok "beside an installed program it is found" bash -c 'AFTERBURNER_WEDGE= tree/bin/afterburner link small -o tree/image && cmp tree/image small.image'
mv tree/lib/afterburner/wedge.elf tree/wedge/
ok "and beside one in its build folder" bash -c 'AFTERBURNER_WEDGE= tree/bin/afterburner link small -o tree/image && cmp tree/image small.image'
bad_wedge() { # TEXT FLAG...
    local text=$1
    shift
    build_wedge bad.elf "$@" && refused 3 "$text" small --wedge-file bad.elf
}
ok "a wedge of another version" bad_wedge 'is of version 9' -DTEST_VERSION=9
ok "a wedge with another magic number" bad_wedge 'not with the magic number' -DTEST_MAGIC=1
ok "a wedge without a symbol of Xen's" bad_wedge 'the wedge has no symbol wedge_xen_hypercall_page' '-DTEST_HYPERCALL_PAGE="elsewhere"'
ok "a wedge without an entry for GRUB" bad_wedge 'the wedge has no symbol wedge_multiboot_start' -Dwedge_multiboot_start=elsewhere
ok "a wedge without a stub's symbol" bad_wedge 'the wedge has no symbol wedge_stub_entry' -Dwedge_stub_entry=elsewhere
ok "a wedge with its header elsewhere" bad_wedge 'the symbol wedge_image is not at the start' '-Dwedge_image=other' -DTEST_ALIAS
strip wedge.elf -o stripped.elf
ok "a stripped wedge" refused 3 'the wedge has no symbol wedge_image' small --wedge-file stripped.elf
ok "a guest as wedge" refused 3 'no section .wedge.rodata' small --wedge-file "$guest"
ok "a composed image as wedge" refused 3 'composed already' small --wedge-file image
ok "an object file as wedge" refused 3 'a relocatable file' small --wedge-file object.o
sed 's/0xffffffff7f800000/0xffffffff7f900000/' "$SOURCE_DIR/wedge/wedge.lds" >moved.lds
gcc -O1 -ffreestanding -fno-pic -mcmodel=kernel -mgeneral-regs-only -fcf-protection=none -I "$SOURCE_DIR/afterburner/include" -c "$SOURCE_DIR/tests/link/wedge.c" -o moved.o &&
    ld -nostdlib -z max-page-size=0x1000 -T moved.lds -e 0 moved.o -o moved.elf 2>/dev/null
ok "a wedge for another window" refused 3 'linked for another window' small --wedge-file moved.elf
ok "a wedge that fills its window" bad_wedge "leaves no room" -DTEST_MEMORY=0x7fc000
finish
