#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `afterburner run --on xen-domu`: hello-kernel as a domain that xl makes in Debian's Linux on Xen, with the words and exit codes
# that it has on bare hardware; every way in which such a run can end, and what is said about it.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
"$AFTERBURNER" doctor --for xen-domu >missing || skip "$(grep -m 1 -E 'missing|broken' missing)" "scripts/fetch-xen ~/.cache/afterburner/xen; scripts/fetch-dom0 ~/.cache/afterburner/xen-dom0"

run() { "$AFTERBURNER" run --timeout 120 "$@" </dev/null; }
# ends CODE TEXT OPTION...: the run ends with this code and says this on standard error (a regular expression; "": nothing).
ends() {
    local expected=$1 text=$2
    shift 2
    code "$expected" run --on xen-domu "$@" >console 2>said || { cat console said; return 1; }
    [ -z "$text" ] || grep -qE -- "$text" said || { cat said; echo "nobody said: $text"; return 1; }
    [ -n "$text" ] || [ ! -s said ] || { cat said; return 1; }
}
said_has() { grep -qF -- "$1" said || { cat said; echo "nobody said: $1"; return 1; }; }
# program NAME: tests/guest/NAME, linked, as NAME.image.
program() {
    make -s -f "$SOURCE_DIR/tests/guest/support/program.mk" SOURCE_DIR="$SOURCE_DIR" PROGRAM="$1" O="$PWD/$1" \
        CC="$AFTERBURNER cc --policy $SOURCE_DIR/tests/guest/support/policy gcc" && "$AFTERBURNER" link "$1/$1.elf" -o "$1.image"
}

ok "hello-kernel builds" make -s -C "$SOURCE_DIR/examples/hello-kernel" O="$PWD/build" CC="$AFTERBURNER cc --policy policy gcc"
ok "it links" "$AFTERBURNER" link build/hello-kernel.elf -o image
sum=$(sha256sum image)
run --on native --append "ticks=10" image 2>&1 | tr -d '\r' >console.native
ok "all of it, exit code 0" ends 0 "" --append "ticks=10" image
tr -d '\r' <console >console.domu
ok "the same words as on bare hardware" diff console.native console.domu
ok "and its last ones" grep -q "hello-kernel: all done" console.domu
ok "an exit code, by a command line with quotes" ends 17 "" --append 'a "b" '\''c'\'' \d exit=17' image
ok "its panic is its own: 99" ends 99 "" --append panic image
ok "one that idles for ever ends by time-out: 124" ends 124 'no end after 30 s' --timeout 30 --append spin image
ok "and as a first domain it is the same file" code 0 run --on xen image
ok "one and the same file" test "$sum" = "$(sha256sum image)"

ok "a program that loads a bad CR3" program fault-cr3
ok "the guest's crash is 120, and where it was" ends 120 'the guest crashed at test\+0x.*: bad CR3' fault-cr3.image
ok "with the wedge's report" said_has "wedge: stopped: guest: bad CR3"
ok "and what it said before" grep -q 'loads a bad CR3' console
ok "a program without a stack" program no-stack
ok "a crash that Xen sees is 120, and where it was" ends 120 'the guest crashed at test\+0x' no-stack.image
ok "with Xen's report" said_has "Guest stack trace"
ok "a program" program flags
ok "linked with much memory for shadows" "$AFTERBURNER" link --shadow-memory 20 flags/flags.elf -o greedy.image
ok "the wedge's own end is 121" ends 121 'the wedge stopped itself: not enough memory' --memory 96 greedy.image

"$AFTERBURNER" run --on xen-domu --dom0 /nowhere image >said 2>&1 </dev/null
ok "a first domain that is not there" said_has "/nowhere: no folder with the readable files vmlinuz, initrd and made-by"
dom0=${AFTERBURNER_DOM0:-${XDG_CACHE_HOME:-$HOME/.cache}/afterburner/xen-dom0}
mkdir -p broken
cp "$dom0/vmlinuz" broken/
echo none | tee broken/made-by >broken/initrd
ok "a first domain that crashes is a failure of ours" ends 125 "Xen's first domain, which is none of the image's, crashed" --dom0 broken image
head -c 60000000 /dev/zero >initrd
ok "a domain that xl cannot make, too" ends 125 "Xen's tools could not make a domain of it: .*memory" --memory 96 --initrd initrd image
finish
