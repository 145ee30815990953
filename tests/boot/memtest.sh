#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A second real program that is not Linux: Memtest86+ from Debian's source, unmodified, of 64 and of 32 bits. Annotated it
# verifies; neutral it boots and tests memory as its plain twin does, at the cost that Linux may have.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
. "$SOURCE_DIR/tests/bench/lib.sh"
command -v qemu-system-x86_64 >/dev/null || skip "QEMU is missing" "apt-get install qemu-system-x86"
ok "the instruction counter" gcc -std=gnu11 -O2 -fvisibility=hidden -shared -fPIC -o insncount.so "$SOURCE_DIR/tests/bench/insncount.c"

# address FUNCTION BASE: where it runs while the program is loaded there.
address() { printf '0x%x' $((0x$(nm "$built/memtest_shared" | awk -v name="$1" '$3 == name { print $1 }') + $2)); }
# From the first of its tests to the first pause of the last one, whose length is time and not work: it ends the run there,
# wherever the program has moved itself to by then.
tests_memory() {
    local code=0
    "$AFTERBURNER" run --on native --deterministic --memory 8 --timeout 600 --append "console=ttyS0,115200 nosmp nobench nosm nomch" \
        --plugin "insncount.so,entry=$(address test_addr_walk1 0x100000),until=$(address sleep 0x100000),until=$(address sleep 0x10000),out=$built/count" \
        "$built/memtest.bin" </dev/null >"$built/console" 2>"$built/errors" || code=$?
    sed 's/\x1b\[[0-9;]*[A-Za-z]/\n/g' "$built/console" | grep -aoE '#[0-9]+  \[[^]]*\]|Errors: *[0-9]+' | tr -s ' ' | uniq >"$built/screen"
    grep -q '"reached": true' "$built/count" || { echo "exit code $code"; cat "$built/errors"; tail -n 5 "$built/screen"; return 1; }
}
count() { sed -n 's/.*"all": \([0-9]*\).*/\1/p' "$1/count"; }

for bits in 64 32; do
    for variant in plain annotated; do
        built=$PWD/$variant-$bits
        ok "$bits bits, $variant: builds" "$SOURCE_DIR/examples/memtest86plus/build" --variant $variant --bits $bits "$built"
        ok "$bits bits, $variant: tests memory" tests_memory
        ok "$bits bits, $variant: and finds it good" bash -c 'grep -q "Errors: 0" "$0" && ! grep -E "Errors: [1-9]" "$0"' "$built/screen"
        grep '^#' "$built/screen" | sort -Vu >"$built/tests"
    done
    plain=$PWD/plain-$bits
    ok "$bits bits: the same tests, all but the last" bash -c 'diff "$0/tests" "$1/tests" && test "$(wc -l <"$0/tests")" -ge 9' "$plain" "$built"
    ok "$bits bits: verifies" bash -c 'set -o pipefail; "$0" verify --json certificate.json "$1/memtest_shared" | tee report' "$AFTERBURNER" "$built"
    sed 's/^/# /' report
    ok "$bits bits: 0 open findings" grep -q '"open": 0' certificate.json
    ok "$bits bits: sites by the hundred" test "$("$AFTERBURNER" sites --count "$built/memtest_shared" | awk '$1 == "total" { print $2 }')" -gt 200
    ok "$bits bits: a plain one does not verify" code 1 "$AFTERBURNER" verify --quiet "$plain/memtest_shared"
    instructions=$(ratio "$(count "$plain")" "$(count "$built")")
    text=$(ratio "$("$SOURCE_DIR/tests/bench/text-size" "$plain/memtest_shared")" "$("$SOURCE_DIR/tests/bench/text-size" "$built/memtest_shared")")
    echo "# $bits bits: $(count "$plain") instructions plain, $(count "$built") annotated: $instructions; text $text"
    ok "$bits bits: neutral cost at most 1.005: $instructions" code 1 above "$instructions" 1.005
    ok "$bits bits: text at most 1.015: $text" code 1 above "$text" 1.015
done
finish
