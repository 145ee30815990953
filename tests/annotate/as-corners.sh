#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `afterburner as` where names, folders, options and section groups are unusual.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"

has_sites() { [ "$("$AFTERBURNER" sites --count "$2" | awk '$1 == "total" { print $2 }')" = "$1" ]; }
verified() { "$AFTERBURNER" verify "$1"; }

# Names.
printf 'f:\n\tcli\n\tnonsense\n' >'wrong"\.s'
printf 'f:\n\tcli\n' >'quoted"name\.s'
ok "a name with quotes and a backslash" bash -c '"$0" "quoted\"name\\.s" -o quoted.o' "$AFTERBURNER_AS"
ok "its message is plain's" bash -c '! "$0" "wrong\"\\.s" -o w.o 2>ours; ! as "wrong\"\\.s" -o w.o 2>plain; diff plain ours' "$AFTERBURNER_AS"
long=$(printf 'x%.0s' $(seq 253)).o
cp 'quoted"name\.s' one.s
ok "an output whose name is as long as names can be" bash -c '"$0" one.s -o "$1" && test -s "$1" && "$0" one.s -o "$1"' "$AFTERBURNER_AS" "$long"
echo old >target.o
ln -s target.o link.o
ln -s target.o plain.o
ok "an output that is a link is replaced, as by plain as" bash -c '
    "$0" one.s -o link.o && test ! -L link.o && as one.s -o plain.o && test ! -L plain.o && grep -q old target.o' "$AFTERBURNER_AS"
ok "an output's mode is plain's" bash -c 'umask 027; "$0" one.s -o mode.o; as one.s -o pmode.o; test "$(stat -c %a mode.o)" = "$(stat -c %a pmode.o)"' "$AFTERBURNER_AS"

# Messages and options.
printf '\t.print "hello"\n\tcli\n\t.warning "w"\n' >print.s
ok ".print and a warning are said once" bash -c '"$0" print.s -o p.o >ours 2>ours.err; as print.s -o p.o >plain 2>plain.err; diff plain ours && diff plain.err ours.err' "$AFTERBURNER_AS"
printf '\tcli\n\t.if A\n\tnop\n\t.endif\n' >symbol.s
ok "an abbreviated option is refused, not assembled without annotation" bash -c '
    as --defs A=1 symbol.s -o x.o && rm x.o
    "$0" --defs A=1 symbol.s -o x.o 2>said; test $? -eq 2 && grep -q "A=1: cannot be read" said && test ! -e x.o' "$AFTERBURNER_AS"
ok "the same option in full" bash -c '"$0" --defsym A=1 symbol.s -o x.o' "$AFTERBURNER_AS"
ok "an input that is not there is plain's error" bash -c '! "$0" nowhere.s -o x.o 2>ours; ! as nowhere.s -o x.o 2>plain; diff plain ours' "$AFTERBURNER_AS"
ok "an input that is a folder is an error" bash -c 'mkdir -p folder; "$0" folder -o x.o 2>said; test $? -eq 3 && grep -q "folder: cannot be read: Is a directory" said && test ! -e x.o' "$AFTERBURNER_AS"
ok "so is closed standard input" bash -c '"$0" -o x.o <&- 2>said; test $? -eq 3 && grep -q "cannot be read: Bad file descriptor" said && test ! -e x.o' "$AFTERBURNER_AS"
printf '\t.text\n\t.globl f\n\t.type f,@function\nf:\tcli\n\tret\n\t.size f,.-f\n\t.pushsection .rodata\nt:\tpushfq\n\tpopfq\n\t.popsection\n' >template.s
ok "a template in a section that is not executable" "$AFTERBURNER_AS" template.s -o template.o
ok "has its pads" bash -c 'test "$(objdump -D -j .rodata template.o | grep -c nopw)" -eq 2'
ok "and no sites" bash -c '"$0" verify template.o && test "$("$0" sites --count template.o | awk "\$1 == \"total\" { print \$2 }")" -eq 1' "$AFTERBURNER"
ok "a section changed behind the filter's back ends a region" bash -c '
    printf "\t.macro to where\n\t.\\\\where\n\t.endm\n\t.afterburn_off\n\tcli\n\tto data\n\t.afterburn_on\n" >hidden.s
    "$0" hidden.s -o x.o && "$1" verify x.o | grep -q "regions: 1, 1 bytes"' "$AFTERBURNER_AS" "$AFTERBURNER"
printf '\tmov cr0, rax\n\tmov ss, eax\n' >naked.s
ok "-mnaked-reg" bash -c '"$0" -mnaked-reg naked.s -o naked.o' "$AFTERBURNER_AS"
ok "-mnaked-reg has the sites" has_sites 2 naked.o

# Two installations, each first in the other's way.
mkdir -p one two
cp "$(readlink -f "$AFTERBURNER_AS")" one/as
cp one/as two/as
ok "two installations in PATH are an error, no loop" bash -c '
    PATH=$PWD/one:$PWD/two:$PATH as one.s -o x.o 2>said; test $? -ne 0 && grep -q "started by another afterburner" said'
ok "AFTERBURNER_REAL_AS mends it" bash -c 'AFTERBURNER_REAL_AS=/usr/bin/as PATH=$PWD/one:$PWD/two:$PATH as one.s -o real.o' 
ok "with it the site is there" has_sites 1 real.o

# A code size that only gas can see change is an error, however it is hidden; so is a text that gas leaves early.
hidden() { # NAME CODE TEXT
    printf '%b' "$3" >hidden.s
    ok "$1 (plain as takes it)" env AFTERBURNER_MODE=off "$AFTERBURNER_AS" hidden.s -o plain.o
    ok "$1" bash -c 'rm -f x.o; "$0" hidden.s -o x.o 2>said; test $? -eq "$1" && { test "$1" -eq 0 || { grep -qE "cannot be followed" said && test ! -e x.o; }; }' \
        "$AFTERBURNER_AS" "$2"
}
hidden "a code size from an argument" 6 '\t.macro mode n\n\t.code\\n\n\t.endm\n\tmode 32\n\thlt\n\tmode 64\n'
hidden "a directive from an argument" 6 '\t.macro do d:vararg\n\t\\d\n\t.endm\n\tdo .code32\n\thlt\n'
hidden "a code size in altmacro mode" 6 '\t.altmacro\n\t.macro mode n\n\t.code&n\n\t.endm\n\tmode 32\n\thlt\n'
hidden "a directive in altmacro mode" 6 '\t.altmacro\n\t.macro do d:vararg\n\td\n\t.endm\n\tdo .code32\n\thlt\n'
printf '\t.code32\n' >included.s
hidden "a code size in an included file" 6 '\t.include "included.s"\n\thlt\n'
printf '\tcli\n' >included.s
hidden "an included file without one" 0 '\t.include "included.s"\n\thlt\n'
hidden "a comment that is never closed" 6 '\t.code32\n\thlt\n/* never\n'
hidden ".end" 0 '\t.code32\n\thlt\n\t.end\n'
ok ".end before its end: the region is there" bash -c '"$0" verify x.o | grep -q "regions: 1, 7 bytes"' "$AFTERBURNER"
hidden "a section whose flags only gas knows" 0 '\t.macro sec name flags\n\t.section \\name,"\\flags"\n\t.endm\n\tsec .text32 ax\n\t.code32\n\thlt\n\t.code64\n'
ok "its region is there" bash -c '"$0" verify x.o | grep -q "regions: 1, 7 bytes"' "$AFTERBURNER"
hidden "a subsection that only gas knows" 0 '\t.macro go to\n\t.\\to 1\n\t.endm\nf:\tnop\n\t.afterburn_off\n\thlt\n\tgo subsection\n\tnop\n\t.afterburn_on\n\t.subsection 0\n\t.byte 0xf4+0\n\tret\n'
ok "what is behind the other part is not exempt" bash -c '! "$0" verify x.o >said && grep -q "open: .text+0x2" said' "$AFTERBURNER"
printf '\tnop\n\t.code64\ng:\tnop\n\t.code32\n' >wide.s
ok "64-bit code in a 32-bit object" bash -c '"$1" --32 wide.s -o x.o && "$0" verify x.o | grep -q "1 not of 32 bits"' "$AFTERBURNER" "$AFTERBURNER_AS"
printf '\tcli\n\t.end\n' >end.s
ok ".end among several inputs is refused" bash -c '"$0" end.s one.s -o x.o 2>said; test $? -eq 2 && grep -q "end.s: .end among several inputs" said' "$AFTERBURNER_AS"
mkfifo dependencies
ok "a pipe for dependencies stays one" bash -c 'cat dependencies >read & "$0" --MD dependencies one.s -o x.o; wait; test -p dependencies && grep -q "x.o: one.s" read' "$AFTERBURNER_AS"

# Section groups: the linker drops a group's records with its code.
for unit in a b; do
    printf '\t.section .text.shared,"axG",@progbits,shared,comdat\n\t.weak shared\nshared:\tcli\n\thlt\n\tret\n\t.text\n\t.globl %s\n%s:\tcall shared\n\tsti\n\tret\n' \
        $unit $unit >group-$unit.s
    ok "a section group, unit $unit" "$AFTERBURNER_AS" group-$unit.s -o group-$unit.o
    ok "its sites" has_sites 3 group-$unit.o
    ok "it verifies" verified group-$unit.o
done
ok "two units with the same group link" ld -e a -o group group-a.o group-b.o
ok "one copy's sites remain" has_sites 4 group
ok "the linked program verifies" verified group
ok "the same after ld -r" bash -c 'ld -r -o group-r.o group-a.o group-b.o'
ok "the same sites after ld -r" has_sites 4 group-r.o
ok "the partly linked object verifies" verified group-r.o
printf 'struct cpu { static void off() { asm volatile("cli"); } };\nvoid (*f())() { return cpu::off; }\n' >inline.cc
if command -v g++ >/dev/null; then
    ok "C++: an inline function's sites" bash -c '"$0" cc g++ -O0 -c inline.cc -o inline.o && "$0" verify inline.o && readelf -gW inline.o | grep -q "\.afterburn"' "$AFTERBURNER"
else
    skip "no g++" "apt-get install g++"
fi

# What is called, branched to or run into is no data, whatever its directive.
runs_into_data() { # TEXT...: lines of a source
    printf '%s\n' "$@" >runs.s
    "$AFTERBURNER_AS" runs.s -o runs.o || return 1
    code 1 "$AFTERBURNER" verify runs.o >runs.txt || return 1
    grep -q '^  open: .* code goes on into data' runs.txt || { cat runs.txt; return 1; }
}
ok "code in front of data" runs_into_data "cli" ".long 0x300f" "ret"
ok "no-operations in front of data, and a branch to them" runs_into_data "jmp 2f" "1: nop" ".quad 1" "2: cli" "jmp 1b"
ok "a branch to data" runs_into_data "jmp 1f" ".word 1" "1: .word 0xfa" "cli"
ok "a function made of data" runs_into_data "cli" "ret" ".type f,@function" "f: .long 0x300f" ".size f, .-f"
printf 'jmp 1f\n.int 0x300f, 0x12345678\n.ascii "text\\372"\n1: cli\n' >row.s
ok "a table behind a jump" bash -c '"$0" row.s -o row.o && "$1" verify row.o | tee /dev/stderr | grep -q "among code: 13 bytes of data"' "$AFTERBURNER_AS" "$AFTERBURNER"
printf '.byte 0xe9\n.long f - . - 4\nf: cli\n' >jump.s
ok "the rest of a jump written in bytes is none" bash -c '"$0" jump.s -o jump.o && "$1" verify jump.o | tee out && ! grep -q "among code" out' "$AFTERBURNER_AS" "$AFTERBURNER"

# Where a source leaves no room, there are no pads; a span may not be short without saying so.
printf 'a: cli\nrdmsr\njmp b\n.org 8\nb: sti\nhlt\n.org 10\n' >room.s
ok "code at fixed places" "$AFTERBURNER_AS" room.s -o room.o
ok "it verifies, and says how many have no pad" bash -c '"$0" verify room.o | tee /dev/stderr | grep -q "sites: 4, 4 of them without a pad"' "$AFTERBURNER"
ok "with the bytes of plain as" bash -c 'as room.s -o plain-room.o && objcopy -O binary -j .text room.o a.bin && objcopy -O binary -j .text plain-room.o b.bin && cmp a.bin b.bin'
offset=$((16#$(readelf -SW room.o | sed 's/^ *\[ *[0-9]*\] *//' | awk '$1 == ".afterburn" { print $4 }')))
flags=$(od -An -tu1 -j $((offset + 32 + 10)) -N 1 room.o | tr -d ' ')
printf '%b' "\\x$(printf %02x $((flags & 0x7f)))" | dd of=room.o bs=1 seek=$((offset + 32 + 10)) conv=notrunc status=none
ok "a short span without the mark is found" bash -c '"$0" verify room.o | tee /dev/stderr | grep -q "span is too short to bind"' "$AFTERBURNER"
printf 'cli\n.org 1\n.error "no"\n' >wrong.s
ok "an error of the source is gas'\''s to tell" bash -c '"$0" wrong.s -o wrong.o 2>said; test $? -eq 1 && grep -q "wrong.s:3: Error: no" said && ! test -e wrong.o' "$AFTERBURNER_AS"

# clang by another name.
if command -v clang >/dev/null; then
    ln -sf "$(command -v clang)" compiler
    printf 'void f(void) { asm volatile("cli"); }\n' >c.c
    ok "clang under another name" bash -c 'PATH=$PWD:$PATH "$0" cc compiler -c c.c -o clang.o' "$AFTERBURNER"
    ok "its sites" has_sites 1 clang.o
else
    skip "no clang" "apt-get install clang"
fi
finish
