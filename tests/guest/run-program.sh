#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# One test program, NAME/: built and annotated, verified, linked with the wedge, and run on bare hardware and on Xen. Both
# consoles must be what NAME/expected says. README.md has the whole story.
# usage: run-program.sh NAME
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
program=$1
folder=$SOURCE_DIR/tests/guest/$program
support=$SOURCE_DIR/tests/guest/support
options=() link_options=()
[ ! -e "$folder/options" ] || read -r -a options < <(grep -v '^#' "$folder/options")
[ ! -e "$folder/link" ] || read -r -a link_options < <(grep -v '^#' "$folder/link")

build() {
    make -s -f "$support/program.mk" PROGRAM="$program" O="$PWD" CC="$AFTERBURNER cc --policy $support/policy gcc"
}
# on PLACE IMAGE: the run must end with exit code 0 and say what is expected; or as end.PLACE says.
on() {
    local place=$1 expected=$folder/expected wanted=0 report='' got
    [ ! -e "$folder/expected.$place" ] || expected=$folder/expected.$place
    [ ! -e "$folder/end.$place" ] || { read -r wanted; read -r report; } <"$folder/end.$place"
    "$AFTERBURNER" run --on "$place" --timeout 60 "${options[@]}" "$2" </dev/null 2>"said.$place" | tr -d '\r' >"console.$place"
    got=${PIPESTATUS[0]}
    if ! diff -u --label expected --label "$place" "$expected" "console.$place" || [ "$got" -ne "$wanted" ] ||
        ! grep -qE "$report" <(cat "said.$place"; echo); then
        echo "exit code $got"
        cat "said.$place"
        return 1
    fi
}

ok "builds" build
ok "verifies" "$AFTERBURNER" verify --quiet "$program.elf"
ok "links with the wedge" "$AFTERBURNER" link "$program.elf" -o "$program.image" "${link_options[@]}"
[ -e "$program.image" ] || finish
ok "runs on bare hardware" on native "$program.image"
ran=0
on xen "$program.image" >xen.log 2>&1 || ran=1
if grep -q 'Xen: not found' said.xen; then
    [ "$failures" -eq 0 ] || finish
    skip "Xen is missing; on bare hardware all $checks checks passed" "scripts/fetch-xen ~/.cache/afterburner/xen"
fi
ok "runs on Xen" bash -c 'cat xen.log; exit "$0"' "$ran"
finish
