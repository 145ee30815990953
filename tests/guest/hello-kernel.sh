#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# hello-kernel for each processor, plain and annotated, by gcc and by clang: builds, verifies, runs, and ends in each way
# it can. Each build is in ARCH/COMPILER, each plain one in ARCH/plain-COMPILER.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
source=$SOURCE_DIR/examples/hello-kernel
policy=$source/policy
declare -A bits=([x86_64]=64 [i386]=32)
declare -A compilers=([gcc]=gcc [clang]="clang -fno-integrated-as")

# build DIRECTORY COMPILER...: for the processor that the directory's first part names.
build() {
    local directory=$1
    shift
    make -s -C "$source" ARCH="${directory%%/*}" O="$PWD/$directory" CC="$*"
}
run() { "$AFTERBURNER" run --on native "$@" </dev/null; }
says_done() { run "$1" | tr -d "\r" | grep -qx "hello-kernel: all done"; }
repeats() {
    local pass
    for pass in one two; do
        run --deterministic "$1" >"$pass" || return
    done
    cmp one two
}
objects() { (cd "$1" && ls ./*.o); }

for arch in x86_64 i386; do
    for compiler in gcc clang; do
        name="$arch, $compiler" plain=$arch/plain-$compiler annotated=$arch/$compiler
        image=$annotated/hello-kernel.elf
        read -ra command <<<"${compilers[$compiler]}"
        ok "$name: plain builds" build "$plain" "${command[@]}"
        ok "$name: annotated builds" build "$annotated" "$AFTERBURNER" cc --policy "$policy" "${command[@]}"
        ok "$name: a plain one does not verify" code 1 "$AFTERBURNER" verify --quiet "$plain/hello-kernel.elf"
        ok "$name: verifies" "$AFTERBURNER" verify --json certificate "$image"
        ok "$name: no finding is open, and it is of its bits" jq -e ".counts.open == 0 and .bits == ${bits[$arch]}" certificate
        ok "$name: the plain one runs" code 42 run --append exit=42 "$plain/hello-kernel.elf"
        ok "$name: runs as every way of ending wants" "$source/check.sh" "$image"
        ok "$name: exit code 0" code 0 run "$image"
        ok "$name: exit code 42" code 42 run --append exit=42 "$image"
        ok "$name: a panic's own code" code 99 run --append panic "$image"
        ok "$name: a time-out is 124" code 124 run --timeout 3 --append spin "$image"
        ok "$name: says it is done" says_done "$image"
        for object in "$annotated"/*.o; do
            ok "$name: $(basename "$object"): without its pads it is plain's" "$TEST_TOOLS/compare-streams" "$plain/$(basename "$object")" "$object"
        done
        ok "$name: both have the same objects" diff <(objects "$plain") <(objects "$annotated")
    done
    ok "$arch: two deterministic runs are the same" repeats "$arch/gcc/hello-kernel.elf"
done
finish
