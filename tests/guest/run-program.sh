#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# One test program, NAME/: built and annotated, verified, linked with the wedge, and run on bare hardware and on Xen. Both
# consoles must be what NAME/expected says. README.md has the whole story.
# usage: run-program.sh NAME [REASON]: with a reason it is known that it does not pass on Xen; should it pass, that fails.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
program=$1 known=${2:-}
folder=$SOURCE_DIR/tests/guest/$program
support=$SOURCE_DIR/tests/guest/support
options=()
[ ! -e "$folder/options" ] || read -r -a options < <(grep -v '^#' "$folder/options")

build() {
    make -s -f "$support/program.mk" PROGRAM="$program" O="$PWD" CC="$AFTERBURNER cc --policy $support/policy gcc"
}
# on PLACE IMAGE: the run must end with exit code 0 and say what is expected.
on() {
    local expected=$folder/expected got=0
    [ ! -e "$folder/expected.$1" ] || expected=$folder/expected.$1
    "$AFTERBURNER" run --on "$1" --timeout 60 "${options[@]}" "$2" </dev/null 2>"said.$1" | tr -d '\r' >"console.$1"
    got=${PIPESTATUS[0]}
    diff -u --label expected --label "$1" "$expected" "console.$1" || got=1$got
    [ "$got" -eq 0 ] || { echo "exit code $got"; cat "said.$1"; return 1; }
}

ok "builds" build
ok "verifies" "$AFTERBURNER" verify --quiet "$program.elf"
ok "links with the wedge" "$AFTERBURNER" link "$program.elf" -o "$program.image"
[ -e "$program.image" ] || finish
ok "runs on bare hardware" on native "$program.image"
got=0
on xen "$program.image" >xen.log 2>&1 || got=1
if grep -q 'Xen: not found' said.xen; then
    [ "$failures" -eq 0 ] || finish
    skip "Xen is missing; on bare hardware all $checks checks passed" "scripts/fetch-xen ~/.cache/afterburner/xen"
elif [ -z "$known" ] || { [ $got -eq 0 ] && [[ $known == sometimes:* ]]; }; then
    ok "runs on Xen" bash -c 'cat xen.log; exit "$0"' "$got"
elif [ $got -eq 0 ]; then
    checks=$((checks + 1)) failures=$((failures + 1))
    echo "not ok $checks - runs on Xen, but is listed as not doing so: take it off XEN_KNOWN_FAILURES in tests/guest/programs.cmake"
else
    checks=$((checks + 1))
    echo "not ok $checks - runs on Xen # TODO known failure: $known"
    sed 's/^/# /' xen.log | tail -n 40
fi
finish
