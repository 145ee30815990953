#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `afterburner as` in the place of GNU as: every way it is called, and everything that must be as with plain `as`.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"

sites() { "$AFTERBURNER" sites --count "$1" | awk '$1 == "total" { print $2 }'; }
has_sites() { [ "$(sites "$2")" = "$1" ] || { "$AFTERBURNER" sites "$2"; echo "expected $1 sites"; return 1; }; }
same() { cmp "$1" "$2"; }

printf 'f:\n\tcli\n\tnop\n\tsti\n\tret\n' >two.s
printf 'f:\n\tnop\n\tret\n' >none.s

ok "a file" code 0 "$AFTERBURNER_AS" two.s -o two.o
ok "two sites" has_sites 2 two.o
ok "-oFILE" code 0 "$AFTERBURNER_AS" two.s -otwo-joined.o
ok "-oFILE gives the same object" same two.o two-joined.o
ok "deterministic" bash -c '"$0" two.s -o again.o && cmp two.o again.o' "$AFTERBURNER_AS"
ok "as a subcommand" bash -c '"$0" as two.s -o sub.o && cmp two.o sub.o' "$AFTERBURNER"
ok "standard input" bash -c '"$0" -o stdin.o - <two.s' "$AFTERBURNER_AS"
ok "standard input has the sites" has_sites 2 stdin.o
ok "standard input without a dash" bash -c 'cp stdin.o first.o && "$0" -o stdin.o <two.s && cmp first.o stdin.o' "$AFTERBURNER_AS"
ok "no -o makes a.out" bash -c '"$0" two.s && test -s a.out' "$AFTERBURNER_AS"
printf -- '--64\n"-o" at.o\ntwo.s\n' >words
ok "@file" bash -c '"$0" @words' "$AFTERBURNER_AS"
ok "@file has the sites" has_sites 2 at.o
printf '\thlt\n' >more.s
ok "several inputs" code 0 "$AFTERBURNER_AS" two.s more.s -o several.o
ok "several inputs have the sites" has_sites 3 several.o
ok "--32" bash -c '"$0" --32 two.s -o two32.o && "$1" verify two32.o' "$AFTERBURNER_AS" "$AFTERBURNER"
ok "nothing sensitive: plain's very bytes" bash -c '"$0" none.s -o none.o && as none.s -o none-plain.o && cmp none.o none-plain.o' "$AFTERBURNER_AS"
ok "off: plain's very bytes" bash -c 'AFTERBURNER_MODE=off "$0" two.s -o off.o && as two.s -o plain.o && cmp off.o plain.o' "$AFTERBURNER_AS"
printf '.afterburn_off\n\tcli\n.afterburn_on\n\tcli\n' >directives.s
ok "off: our directives are taken" bash -c 'AFTERBURNER_MODE=off "$0" directives.s -o d.o && ! "$1" sites d.o' "$AFTERBURNER_AS" "$AFTERBURNER"
ok "directives leave code alone" bash -c '"$0" directives.s -o d.o' "$AFTERBURNER_AS"
ok "one site outside the directives" has_sites 1 d.o
ok "verify says which instruction is exempt" bash -c '"$0" verify d.o | grep -q "1 exempt"' "$AFTERBURNER"
ok "output to /dev/null" code 0 "$AFTERBURNER_AS" two.s -o /dev/null

# Versions: gas's own words as they are, and then a line of ours; switched off, gas's alone.
printf 'afterburner %s, annotator %s\n' "$("$AFTERBURNER" --version | cut -d ' ' -f 2)" "$("$AFTERBURNER" --annotator-hash)" >our-version
as --version >gas-version
cat gas-version our-version >both-versions
as -v none.s -o v-plain.o 2>gas-v
cat gas-v our-version >both-v
asked() { # EXPECTED-OUTPUT COMMAND...: that is all it says, and the exit code is 0
    local expected=$1
    shift
    "$@" >asked.out 2>asked.err </dev/null && diff "$expected" asked.out && test ! -s asked.err
}
told() { # EXPECTED-ERRORS COMMAND...
    local expected=$1
    shift
    "$@" >told.out 2>told.err && diff "$expected" told.err && test ! -s told.out
}
ok "--version: gas's, then ours" asked both-versions "$AFTERBURNER_AS" --version
ok "--version of the subcommand" asked both-versions "$AFTERBURNER" as --version
ok "--vers" asked both-versions "$AFTERBURNER_AS" --vers
ok "--version in an @file" bash -c 'echo --version >ask && "$0" @ask | diff both-versions -' "$AFTERBURNER_AS"
ok "--version before what is wrong" asked both-versions "$AFTERBURNER_AS" two.s --version --nosuch nowhere.s
ok "--version through gcc" asked both-versions "$AFTERBURNER" cc gcc -Wa,--version -c -x assembler-with-cpp /dev/null -o /dev/null
ok "--version, switched off: gas's alone" asked gas-version env AFTERBURNER_MODE=off "$AFTERBURNER_AS" --version
ok "--help --version: help" bash -c '"$0" --help --version >help && ! grep "^afterburner" help' "$AFTERBURNER_AS"
ok "an unknown option before --version" bash -c '
    as --nosuch --version >plain.out 2>plain.err; a=$?; "$0" --nosuch --version >ours.out 2>ours.err; b=$?
    [ $a -ne 0 ] && [ $a -eq $b ] && test ! -s ours.out && diff <(sed "s/^[^:]*as: //" plain.err) <(sed "s/^[^:]*as: //" ours.err)' "$AFTERBURNER_AS"
ok "who reads one line of it makes no failure" bash -c 'set -o pipefail; for i in $(seq 50); do "$0" --version | head -n 1 >/dev/null || exit 1; done' "$AFTERBURNER_AS"
ok "--version on a full disk" code 4 bash -c '"$0" --version >/dev/full' "$AFTERBURNER_AS"
ok "-v: both, and the object" told both-v "$AFTERBURNER_AS" -v two.s -o v.o
ok "-v: the sites" has_sites 2 v.o
ok "-v with nothing sensitive: both" told both-v "$AFTERBURNER_AS" -v none.s -o v-none.o
ok "and plain's very bytes" same v-plain.o v-none.o
ok "-v, switched off: gas's alone" told gas-v env AFTERBURNER_MODE=off "$AFTERBURNER_AS" -v two.s -o v-off.o
ok "-v and an error: gas's exit code, no object" bash -c '
    as -v nowhere.s 2>/dev/null; a=$?; "$0" -v nowhere.s -o v-error.o 2>err; b=$?
    [ $a -ne 0 ] && [ $a -eq $b ] && test ! -e v-error.o' "$AFTERBURNER_AS"
ok "cc gcc --version: gcc's alone" bash -c '"$0" cc gcc --version | diff <(gcc --version) -' "$AFTERBURNER"
printf 'not a program\n' >no-program && chmod +x no-program
ok "GNU as that cannot be started" code 5 env AFTERBURNER_REAL_AS=./no-program "$AFTERBURNER_AS" none.s -o no.o
ok "nor asked" code 5 env AFTERBURNER_REAL_AS=./no-program "$AFTERBURNER_AS" --version

printf '\t.data\n\t.globl d\nd:\n' >first.s
printf '\t.byte 0xfa\n\t.text\n\tcli\n' >second.s
ok "several inputs are one text: the second starts in .data" bash -c '"$0" first.s second.s -o joined.o' "$AFTERBURNER_AS"
ok "and its byte there is no site" has_sites 1 joined.o
printf '.macro push a\n\tnop\n.endm\n.macro m i\n\t\\i\n.endm\n\tpush %%fs\n\tm cli\n' >own.s
ok "a macro of the source named push" bash -c '"$0" own.s -o own.o' "$AFTERBURNER_AS"
ok "it is used, and no push is a site" has_sites 1 own.o
printf '.afterburn_off\n\tcli\n\t.subsection 1\n\tsti\n.afterburn_on\n\tcli\n\t.previous\n\t.text 0\n\thlt\n' >sub.s
ok "subsections" bash -c '"$0" sub.s -o sub-section.o && "$1" verify sub-section.o | grep -q "0 open, 0 explained, 2 exempt"' "$AFTERBURNER_AS" "$AFTERBURNER"
printf '.afterburn_off\n\tcli\n.afterburn_on\n\t.warning "look"\n' >both.s
ok "directives and a warning" bash -c '"$0" both.s -o both.o 2>err && grep -qx "both.s:4: Warning: look" err' "$AFTERBURNER_AS"

# What gas says must be what plain gas says.
cat >wrong.s <<'END'
	.file 1 "inner.c"
f:	cli %eax
	in %ebx, %ecx
# 77 "other.c"
	lgdt %eax
	nosuch
	mov %cr0, %ebx, %ecx
END
says_the_same() {
    local a=0 b=0
    as "$@" 2>plain.err || a=$?
    "$AFTERBURNER_AS" "$@" 2>ours.err || b=$?
    diff plain.err ours.err && [ "$a" -eq "$b" ] && [ -s plain.err ]
}
ok "errors are plain's, word for word" says_the_same wrong.s -o wrong.o
ok "no object after an error" test ! -e wrong.o
printf '\tcli\n\t.warning "look"\n\tiret\n' >warn.s
ok "warnings are plain's, word for word" says_the_same warn.s -o warn.o
ok "and the object is there" has_sites 2 warn.o
ok "--fatal-warnings fails as plain does" says_the_same --fatal-warnings warn.s -o fatal.o
ok "a missing file" says_the_same nowhere.s -o x.o
ok "an unwritable folder" bash -c '! "$0" two.s -o nowhere/x.o 2>err && grep -q "nowhere/x.o" err' "$AFTERBURNER_AS"
ok "an error leaves the old object" bash -c 'cp two.o keep.o && ! "$0" wrong.s -o keep.o 2>/dev/null; cmp two.o keep.o' "$AFTERBURNER_AS"

# Listings, debugging information, dependency files.
ok "a listing" bash -c '"$0" -aln two.s -o l.o >list && grep -q "cli" list && ! grep -q Lab_ list' "$AFTERBURNER_AS"
ok "listing and object together" has_sites 2 l.o
cat >lines.s <<'END'
	.text
f:
	cli
	mov %cr0, %rax
	.byte 0x0f,0x01,0xca
	rep; insb
	nop
	ret
END
ok "-g: the same lines in the same order" bash -c '
    as -g lines.s -o lp.o; "$0" -g lines.s -o la.o
    lt() { objdump --dwarf=decodedline "$1" | awk "/^lines.s/ { print \$1, \$2 }" | grep -v -- "-"; }
    lt lp.o >lp; lt la.o >la; test -s lp; diff lp la' "$AFTERBURNER_AS"
cat >frame.c <<'END'
unsigned long g(unsigned long);
unsigned long f(unsigned long x)
{
    unsigned long flags, y = g(x);
    __asm__ volatile("pushf; pop %0; cli" : "=r"(flags));
    return y + flags;
}
END
ok "-g through gcc: lines and CFI rows are plain's" bash -c '
    gcc -O2 -g -mno-red-zone -c frame.c -o fp.o; gcc -O2 -g -mno-red-zone -B"${0%as}" -c frame.c -o fa.o
    for o in fp fa; do objdump --dwarf=decodedline $o.o | awk "/^frame.c/ { print \$2 }" >$o.lines
        readelf --debug-dump=frames-interp $o.o | grep -E "^[0-9a-f]{16} " | sed "s/^[0-9a-f]* //" >$o.cfi; done
    test -s fp.lines && test -s fp.cfi && diff fp.lines fa.lines && diff fp.cfi fa.cfi' "$AFTERBURNER_AS"
ok "--MD names the user's files" bash -c '"$0" --MD deps lines.s -o lines.o && as --MD pdeps lines.s -o lines.o && diff deps pdeps' "$AFTERBURNER_AS"

# In parallel. Killed half-way: killed.sh.
ok "parallel runs do not disturb each other" bash -c '
    for i in $(seq 24); do "$0" two.s -o par$i.o & done; wait
    for i in $(seq 24); do cmp two.o par$i.o || exit 1; done' "$AFTERBURNER_AS"
ok "no temporary files stay behind" bash -c '! ls -A | grep -E "afterburner-|^\.|tmp"'

# The compiler wrapper.
ok "cc: gcc" bash -c '"$0" cc gcc -mno-red-zone -O2 -c frame.c -o cc.o' "$AFTERBURNER"
ok "cc: the sites" has_sites 2 cc.o
ok "cc: gcc -pipe" bash -c '"$0" cc gcc -pipe -mno-red-zone -O2 -c frame.c -o ccpipe.o' "$AFTERBURNER"
ok "cc: -pipe has the sites" has_sites 2 ccpipe.o
ok "cc: clang" bash -c '"$0" cc clang -mno-red-zone -O2 -c frame.c -o cl.o' "$AFTERBURNER"
ok "cc: clang's object has the sites" has_sites 2 cl.o
ok "cc: off is plain gcc" bash -c 'gcc -O2 -c frame.c -o ccp.o; AFTERBURNER_MODE=off "$0" cc gcc -O2 -c frame.c -o cco.o; cmp ccp.o cco.o' "$AFTERBURNER"
printf 'void f(void) { __asm__(".afterburn_off\\n\\tcli\\n.afterburn_on"); }\n' >inline.c
ok "cc: off takes our directives" bash -c 'AFTERBURNER_MODE=off "$0" cc gcc -c inline.c -o inline.o' "$AFTERBURNER"
ok "cc: a wrong AFTERBURNER_LIBEXEC is an error" bash -c '! AFTERBURNER_LIBEXEC=/nowhere "$0" cc gcc -c frame.c -o x.o' "$AFTERBURNER"
ok "cc: env in front of gcc" bash -c '"$0" cc env A=1 gcc -mno-red-zone -O2 -c frame.c -o ccenv.o && cmp cc.o ccenv.o' "$AFTERBURNER"
printf 'path user/** off "user mode"\nsection .user.* off "user mode"\n' >policy
mkdir -p user kernel
ok "cc: policy, a path left alone" bash -c '"$0" cc --policy policy gcc -O2 -c frame.c -o user/f.o && ! readelf -SW user/f.o | grep -q afterburn' "$AFTERBURNER"
ok "cc: policy, another is not" bash -c '"$0" cc --policy policy gcc -O2 -c frame.c -o kernel/f.o && readelf -SW kernel/f.o | grep -q afterburn' "$AFTERBURNER"
printf '\tcli\n\t.section .user.text,"ax"\n\tsyscall\n\t.text\n\tsti\n' >section.s
ok "policy: a section left alone" bash -c 'AFTERBURNER_POLICY=policy "$0" section.s -o section.o' "$AFTERBURNER_AS"
ok "policy: the rest is annotated" has_sites 2 section.o
ok "policy: verify says which instruction is exempt" bash -c '"$0" verify section.o | grep -q "1 exempt"' "$AFTERBURNER"
finish
