#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every entry of the table of sensitive instructions is tried by some test program; and `new` makes a program that passes
# on bare hardware.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
support=$SOURCE_DIR/tests/guest/support

build() { # FOLDER-WITH-SUPPORT NAME
    make -s -f "$1/support/program.mk" PROGRAM="$2" O="$PWD/$2" CC="$AFTERBURNER cc --policy $support/policy gcc"
}
tried() {
    local folder name
    for folder in "$SOURCE_DIR"/tests/guest/*/expected; do
        name=$(basename "$(dirname "$folder")")
        build "$SOURCE_DIR/tests/guest" "$name" || return 1
        # The library's own do not count: a program has to try it.
        "$AFTERBURNER" sites --json "$name"/main.o 2>/dev/null | jq -r '.[].kind' >>kinds || return 1
        [ ! -e "$name/code.o" ] || "$AFTERBURNER" sites --json "$name/code.o" | jq -r '.[].kind' >>kinds
    done
}
entries() { "$AFTERBURNER" table --format json | jq -r '.[].name' | sort -u; }
missing() {
    comm -23 <(entries) <(sort -u kinds) | tee missing
    [ ! -s missing ] && [ "$(entries | wc -l)" -gt 100 ]
}
ok "all programs build" tried
ok "each entry of the table is tried by one" missing

mkdir fresh
cp -r "$SOURCE_DIR/tests/guest/support" "$SOURCE_DIR/tests/guest/new" fresh/
ok "new makes a program" fresh/new a-new-one
ok "no second time" code 2 fresh/new a-new-one
ok "nor with a bad name" code 2 fresh/new ../x
ok "it builds" build fresh a-new-one
passes() { diff <("$AFTERBURNER" run --on native a-new-one/a-new-one.elf </dev/null | tr -d '\r') fresh/a-new-one/expected; }
ok "and does what its file says" passes
finish
