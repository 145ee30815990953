#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs bad-input.table: each command must end with its exit code, say its message, and leave nothing half-written.
# bad-input.sh --markdown prints the table as docs/bad-input.md.
if [ "${1:-}" = --markdown ]; then
    cat <<'END'
<!-- SPDX-License-Identifier: GPL-3.0-or-later -->
<!-- Generated: tests/cli/bad-input.sh --markdown > docs/bad-input.md -->
# What bad input gets

Every row is run by `tests/cli/bad-input.sh`. One message, a documented exit code (`man afterburner`), nothing half-written.

| what | command | exit code | message |
|---|---|---|---|
END
    grep -v '^#' "$(dirname "$0")/bad-input.table" | sed -E 's/ \| /\t/g' |
        awk -F '\t' '{ gsub(/`/, "'"'"'", $4); printf "| %s | `%s` | %s | `%s` |\n", $1, $2, $3, $4 }'
    exit
fi
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"

# The prepared files.
afterburner() { "$AFTERBURNER" "$@"; }
as() { "$AFTERBURNER_AS" "$@"; }
# The program without its `as` beside it.
alone() { "$WORK_DIR/alone/afterburner" "$@"; }
# full-disk KIB COMMAND...: with a file system of that size, filled up, at ./disk.
full-disk() {
    shift
    mkdir -p disk
    # shellcheck disable=SC2016  # expanded by the inner shell
    unshare -rm bash -c 'mount -t tmpfs -o size=4k none disk && { cat /dev/zero >disk/full 2>/dev/null; true; } || exit 99
        program=$1; shift; case $program in afterburner) program=$AFTERBURNER ;; as) program=$AFTERBURNER_AS ;; esac
        "$program" "$@"; code=$?
        [ "$(ls disk)" = full ] || { echo "left behind: $(ls disk)"; exit 98; }
        exit $code' - "$@"
}
export AFTERBURNER AFTERBURNER_AS
poke() { # FILE OFFSET BYTES: overwrites bytes
    printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
section_offset() { echo $((16#$(readelf -SW "$1" | sed 's/^ *\[ *[0-9]*\] *//' | awk -v n="$2" '$1 == n { print $4 }'))); }

printf 'f:\n\tcli\n\tret\n\t.globl f\n\t.type f,@function\n\t.size f,.-f\n' >good.s
printf '\tnop\n\tfrobnicate\n' >wrong.s
printf 'int f(void) { return 0; }\n' >good.c
printf '# policy\nfile x off\n' >policy
echo "just text" >text
: >empty
mkdir folder alone
cp "$AFTERBURNER" alone/afterburner
as good.s -o good.o && ld -e 0 -Ttext=0x100000 good.o -o good
printf '\t.text\n\t.globl g\n\t.type g,@function\ng:\tpushfq\n\tret\n\t.size g,.-g\n' >left.s
command as left.s -o left.o && ld -e 0 -Ttext=0x100000 good.o left.o -o left-out
command as good.s -o plain.o && ld -e 0 -Ttext=0x100000 plain.o -o plain
head -c 30 good >cut-header
head -c $(($(stat -c %s good) - 100)) good >cut-half
for name in foreign big-endian wild-section core-type no-sections version magic cut-records outside kind; do cp good $name; done
poke foreign 18 '\xb7\x00'
poke big-endian 5 '\x02'
poke core-type 16 '\x04'
poke no-sections 40 '\x00\x00\x00\x00\x00\x00\x00\x00'
headers=$(readelf -hW good | sed -n 's/.*Start of section headers: *\([0-9]*\).*/\1/p')
poke wild-section $((headers + 64 + 24)) '\xff\xff\xff\x00'
records=$(section_offset good .afterburn)
poke version $((records + 4)) '\x09'
poke magic "$records" 'XXXX'
poke cut-records $((records + 8)) '\xff\xff'
poke outside $((records + 32)) '\x00\x00\x00\x40'
poke kind $((records + 32 + 8)) '\xe7\x03'
printf '\t.section .note.Xen,"a",@note\n\t.long 4, 4, 18\n\t.asciz "Xen"\n\t.long 0x100000\n' >note.s
command as note.s -o note.o && ld -e 0 -Ttext=0x100000 good.o note.o -o hello.elf
# A guest that link takes, one that it does not, and wedges.
printf 'PHDRS { text PT_LOAD FLAGS(5); note PT_NOTE FLAGS(4); }\nSECTIONS { . = 0xffffffff81000000; .text : AT(0x1000000) { *(.text) } :text\n' >guest.lds
printf '.afterburn : { *(.afterburn) } :text\n.note.Xen : { *(.note.Xen) } :text :note\n/DISCARD/ : { *(.note.gnu*) } }\n' >>guest.lds
ld -e f -T guest.lds good.o note.o -o guest && ld -e f -T guest.lds plain.o note.o -o plain-guest
ld -e f -T guest.lds good.o left.o note.o -o left-out-guest && ld -e f -T guest.lds good.o -o silent-guest
"$SOURCE_DIR/tests/link/build-wedge.sh" "$SOURCE_DIR" wedge.elf
"$SOURCE_DIR/tests/link/build-wedge.sh" "$SOURCE_DIR" old-wedge.elf -DTEST_VERSION=0
export AFTERBURNER_WEDGE=wedge.elf
# An alternative of Linux that brings cpuid, and composed images.
{
    printf '\t.globl g\n\t.type g,@function\ng:\t.nops 8\n1:\tret\n\t.size g,.-g\n\t.pushsection .altinstr_replacement,"ax"\n2:\tcpuid\n3:\t.popsection\n'
    printf '\t.section .altinstructions,"a"\n\t.long g-.,2b-.\n\t.word 4\n\t.byte 1b-g,3b-2b\n'
} >brings.s
sed 's/{ \*(\.text) } :text/{ *(.text) *(.altinstr_replacement) } :text .altinstructions : { *(.altinstructions) } :text/' guest.lds >brings.lds
as brings.s -o brings.o && ld -e f -T brings.lds good.o brings.o note.o -o brings-guest
afterburner link guest -o composed-image && afterburner link --wedge native guest -o bare-image && strip composed-image -o stripped-image
cp composed-image stub-image && poke stub-image $(($(section_offset stub-image .wedge.stubs) + 15)) '\x01'
printf '\t.section .note.Xen,"a",@note\n\t.long 4, 8, 5\n\t.asciz "Xen", "xen-3.0"\n\t.long 4, 8, 2\n\t.asciz "Xen"\n\t.quad 0x100000\n' >domain.s
command as domain.s -o domain.o && ld -e 0 -Ttext=0x100000 good.o domain.o -o domain.elf
printf '.long 0x1badb002, 0, -0x1badb002\n' >multiboot.s
command as multiboot.s -o multiboot.o && ld -e 0 -Ttext=0x100000 multiboot.o -o good-xen
command as --32 note.s -o narrow.o && ld -m elf_i386 -e 0 -Ttext=0x100000 narrow.o -o narrow
gzip -nc good | head -c 100 >cut.gz
gzip -nc good >damaged.gz && poke damaged.gz 60 '\xff\xff\xff\xff\xff\xff\xff\xff'
# What is there, and what is in it.
state() { find . -type f ! -name stdout ! -name stderr ! -name before ! -name complaint -exec md5sum {} + | sort -k 2; }
state >before
rows=0

# complaint CODE MESSAGE: what is wrong with what was said, if anything. One message: one line that begins with a program's
# or a source line's name; besides it, only how to get help and the heading of the assembler's messages.
complaint() {
    local said
    if [ "$1" = 1 ] && grep -qF -- "$2" stdout; then
        [ ! -s stderr ] || echo "; standard error has: $(head -n 1 stderr)"
        return
    fi
    if [[ $2 == Usage:* ]]; then # no command: the usage is the message
        head -n 1 stderr | grep -qF -- "$2" || echo "; it does not begin with: $2"
        ! grep -E '^afterburner[^:]*: ' stderr || echo "; a message besides"
        return
    fi
    said=$(grep -vE "^(Try \`.*|information\.|([^ ]+: )?Assembler messages:)\$" stderr)
    [ "$(printf '%s\n' "$said" | grep -c .)" -eq 1 ] || echo "; $(printf '%s\n' "$said" | grep -c .) messages, expected 1"
    printf '%s\n' "$said" | grep -qE '^(afterburner( [a-z]+)?|as|[^ ]*/as): |^[^ ]+:[0-9]+: Error: |^Error: ' || echo "; no program's name in front of it"
    printf '%s\n' "$said" | grep -qF -- "$2" || echo "; the message lacks: $2"
}

while IFS= read -r line; do
    case $line in '#'* | '') continue ;; esac
    what=${line%% | *} rest=${line#* | }
    command=${rest%% | *} rest=${rest#* | }
    expected=${rest%% | *} message=${rest#* | }
    checks=$((checks + 1))
    got=0
    rows=$((rows + 1))
    ( eval "$command" ) >stdout 2>stderr </dev/null || got=$?
    trouble=
    [ "$got" = "$expected" ] || trouble="exit code $got, expected $expected"
    trouble=$trouble$(complaint "$expected" "$message")
    changed=$(state | diff before - | grep '^[<>]')
    [ -z "$changed" ] || trouble="$trouble; made, changed or removed: $changed"
    if [ -z "$trouble" ]; then
        echo "ok $checks - $what"
    else
        echo "not ok $checks - $what"
        echo "# $command: $trouble"
        cat stdout stderr | head -n 8 | sed 's/^/# /'
        failures=$((failures + 1))
    fi
done <"$SOURCE_DIR/tests/cli/bad-input.table"
ok "every row was run" test "$rows" -eq "$(grep -c '^[^#]' "$SOURCE_DIR/tests/cli/bad-input.table")"
ok "docs/bad-input.md is generated from the table" diff <("$SOURCE_DIR/tests/cli/bad-input.sh" --markdown) "$SOURCE_DIR/docs/bad-input.md"
finish
