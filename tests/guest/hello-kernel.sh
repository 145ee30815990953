#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# hello-kernel, plain and annotated, by gcc and by clang: builds, verifies, runs, and ends in each way it can.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
source=$SOURCE_DIR/examples/hello-kernel
policy=$source/policy

build() { make -s -C "$source" O="$PWD/$1" CC="$2"; }
run() { "$AFTERBURNER" run --on native "$@" </dev/null; }

ok "plain builds" build plain gcc
ok "gcc: annotated builds" build gcc "$AFTERBURNER cc --policy $policy gcc"
ok "clang: annotated builds" build clang "$AFTERBURNER cc --policy $policy clang -fno-integrated-as"
ok "a plain one does not verify" code 1 "$AFTERBURNER" verify --quiet plain/hello-kernel.elf
for compiler in gcc clang; do
    image=$compiler/hello-kernel.elf
    ok "$compiler: verifies" "$AFTERBURNER" verify "$image"
    ok "$compiler: runs as every way of ending wants" "$source/check.sh" "$image"
    ok "$compiler: exit code 0" code 0 run "$image"
    ok "$compiler: exit code 42" code 42 run --append exit=42 "$image"
    ok "$compiler: a panic's own code" code 99 run --append panic "$image"
    ok "$compiler: a time-out is 124" code 124 run --timeout 3 --append spin "$image"
    ok "$compiler: says it is done" bash -c '"$0" run --on native "$1" </dev/null | tr -d "\r" | grep -qx "hello-kernel: all done"' "$AFTERBURNER" "$image"
done
ok "two deterministic runs are the same" bash -c '"$0" run --on native --deterministic gcc/hello-kernel.elf >one </dev/null && "$0" run --on native --deterministic gcc/hello-kernel.elf >two </dev/null && cmp one two' "$AFTERBURNER"
for object in gcc/*.o; do
    plain=plain/${object#gcc/}
    ok "$(basename "$object"): without its pads it is plain's" "$TEST_TOOLS/compare-streams" "$plain" "$object"
done
ok "both have the same objects" diff <(cd plain && ls ./*.o) <(cd gcc && ls ./*.o)
finish
