#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Tests on the real thing: Linux 6.1 from pristine source, annotated, beside its plain twin. linux.sh TEST runs one of:
#   verify   the kernel and every module are completely annotated
#   boot     boots to a shell command whose exit code comes back
#   modules  every module loads and unloads; at least three have sites, and their records verify
#   streams  without their pads, annotated objects are the plain ones, over the whole kernel
#   off      with AFTERBURNER_MODE=off every object is plain's, byte for byte
#   cost     neutral instructions and text growth within the limits
#   xen      linked with the wedge, one file boots by itself in QEMU and de-privileged on Xen
# A build that is not in the cache is made first.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"

# build VARIANT: sets OUTPUT and OBJECTS.
build() {
    "$SOURCE_DIR/examples/linux/build" --variant "$1" --keep-objects >"answers.$1" 2>"build.$1.log" ||
        { tail -n 20 "build.$1.log"; exit 1; }
    OUTPUT=$(sed -n 's/^OUTPUT=//p' "answers.$1")
    OBJECTS=$(sed -n 's/^OBJECTS=//p' "answers.$1")
    echo "# $1: $OUTPUT ($(sed -n 's/^CACHED=/cached: /p' "answers.$1"))"
}

run_guest() { # CODE WORDS: the shell command, spaces as %20
    code "$1" "$AFTERBURNER" run --on native --timeout 300 --initrd "$OUTPUT/initramfs.cpio.gz" \
        --append "console=ttyS0 panic=-1${2:+ afterburner.run=$2}" "$OUTPUT/bzImage" </dev/null
}

# Objects that are the kernel's: not the host programs, not what the decompressor is linked from.
objects() { (cd "$1" && find . -name '*.o' ! -path './tools/*' ! -path './scripts/*' ! -name vmlinux.o | LC_ALL=C sort); }

case ${1:?} in
verify)
    build annotated
    ok "the kernel verifies" bash -c 'set -o pipefail; "$0" verify --json vmlinux.json "$1/vmlinux" | tee report' "$AFTERBURNER" "$OUTPUT"
    sed 's/^/# /' report
    ok "0 open findings in the certificate" grep -q '"open": 0' vmlinux.json
    ok "and sites by the thousand" bash -c 'test "$("$0" sites --count "$1/vmlinux" | awk "\$1 == \"total\" { print \$2 }")" -gt 3000' "$AFTERBURNER" "$OUTPUT"
    ok "every module verifies" bash -c '"$0" verify --json modules.json "$1"/modules/*.ko' "$AFTERBURNER" "$OUTPUT"
    ok "it is composed: no alternative brings sensitive code" code 0 "$AFTERBURNER" link --wedge-file "$(dirname "$TEST_TOOLS")/wedge/wedge.elf" "$OUTPUT/vmlinux" -o composed
    ok "and verifies as bound for Xen" code 0 "$AFTERBURNER" verify --bound xen --quiet --json bound.json composed
    ok "nothing relies on the trap" jq -e '.bound.relies_on_trap.count == 0 and .bound.jumps + .bound.stores > 3000' bound.json
    ok "alternatives are never brought, or harmless" jq -e '(.alternatives | length) > 100 and all(.alternatives[]; .verdict == "never" or .verdict == "harmless")' bound.json
    ok "a plain kernel does not" code 1 "$AFTERBURNER" verify --quiet "$(build plain >/dev/null; echo "$OUTPUT")/vmlinux"
    ;;
boot)
    build annotated
    ok "the workload runs, exit code 0" run_guest 0 ""
    ok "a shell command's exit code comes back" run_guest 42 "uname%20-a;exit%2042"
    ok "another one" run_guest 7 "exit%207"
    ok "the command really ran" bash -c '"$0" run --on native --timeout 300 --initrd "$1/initramfs.cpio.gz" --append "console=ttyS0 panic=-1 afterburner.run=echo%20six%20times%20seven%20is%20\$((6*7))" "$1/bzImage" </dev/null | tr -d "\r" | grep -qx "six times seven is 42"' "$AFTERBURNER" "$OUTPUT"
    ok "a reset without an exit code is a crash: 120" run_guest 120 "reboot%20-f"
    ;;
modules)
    build annotated
    run_guest 0 /module-test >console 2>&1 || true
    ok "every module loads and unloads" run_guest 0 /module-test
    tr -d '\r' <console | grep '^module ' >modules
    built=$(find "$OUTPUT/modules" -name '*.ko' | wc -l)
    ok "all $built built ones were tried" test "$(grep -c ' ok$' modules)" -eq "$built"
    with=0
    for module in "$OUTPUT"/modules/*.ko; do
        readelf -SW "$module" | grep -q ' \.afterburn ' || continue
        with=$((with + 1))
        ok "$(basename "$module"): $("$AFTERBURNER" sites --count "$module" | tail -n 1 | tr -s ' ') sites verify" \
            "$AFTERBURNER" verify "$module"
    done
    ok "at least three have sites: $with" test "$with" -ge 3
    ;;
streams)
    build plain
    plain=$OBJECTS
    build annotated
    objects "$plain" >plain.list
    objects "$OBJECTS" >annotated.list
    ok "the same objects" diff plain.list annotated.list
    ok "a whole kernel of them" test "$(wc -l <plain.list)" -gt 500
    # Made from the finished kernel, so that their data tells its size and addresses: only their code is compared.
    finished='\.tmp_vmlinux\.kallsyms[0-9]\.o|arch/x86/boot/compressed/piggy\.o|arch/x86/boot/header\.o'
    while read -r object; do
        [[ ! $object =~ ^\./($finished)$ ]] || printf 'code '
        echo "$plain/$object $OBJECTS/$object"
    done <plain.list >pairs
    ok "of a few the code only" test "$(grep -c '^code ' pairs)" -le 5
    ok "the same instructions, data, relocations and symbols" \
        bash -c 'set -o pipefail; "$0/compare-streams" pairs | tee streams' "$TEST_TOOLS"
    sed 's/^/# /' streams
    ok "and all of them" grep -q "^$(wc -l <plain.list) pairs, " streams
    ok "pads by the thousand, fills by the hundred at most" \
        awk '/left out:/ { pads = $3; for (i = 1; i <= NF; i++) if ($i == "fills") fills = $(i - 1) } END { exit !(pads > 3000 && fills < 1000) }' streams
    ;;
off)
    build plain
    plain=$OBJECTS
    build off
    objects "$plain" >plain.list
    objects "$OBJECTS" >off.list
    ok "the same objects" diff plain.list off.list
    ok "byte for byte: $(wc -l <plain.list) objects, vmlinux" bash -c 'while read -r o; do cmp "$0/$o" "$1/$o" || exit 1; done <plain.list; cmp "$0/vmlinux" "$1/vmlinux"' "$plain" "$OBJECTS"
    ;;
cost)
    build plain
    plain=$OUTPUT
    build annotated
    ok "neutral cost within the limits" bash -c 'set -o pipefail; "$0/tests/bench/neutral-cost" --check "$1" "$2" | tee cost' "$SOURCE_DIR" "$plain" "$OUTPUT"
    sed 's/^/# /' cost
    ;;
xen)
    build annotated
    "$AFTERBURNER" doctor --for xen >/dev/null || skip "Xen or QEMU is missing" "scripts/fetch-xen; apt-get install qemu-system-x86"
    ok "links" "$AFTERBURNER" link "$OUTPUT/vmlinux" -o image
    ok "the image verifies as the kernel does" bash -c '"$0" verify image >/dev/null' "$AFTERBURNER"
    ok "bound for Xen, too" bash -c '"$0" verify --bound xen image | tee bound' "$AFTERBURNER"
    sum=$(sha256sum image)
    # A 32-bit process of our own: its system calls, its thread-local segment over switches of tasks, its selector.
    mkdir -p root/bin
    ok "a static 32-bit program" gcc -m32 -O1 -static -nostdlib -ffreestanding -fno-pic -fno-stack-protector \
        "$SOURCE_DIR/tests/boot/process-32.c" -o root/bin/process-32
    (cd root && find . | cpio -o -H newc --quiet | gzip) >added.gz
    cat "$OUTPUT/initramfs.cpio.gz" added.gz >initramfs.cpio.gz
    on() { # PLACE CODE WORDS
        code "$2" "$AFTERBURNER" run --on "$1" --timeout 300 --initrd initramfs.cpio.gz \
            --append "console=ttyS0 panic=-1${3:+ afterburner.run=$3}" image </dev/null
    }
    for place in native xen; do
        ok "$place: the workload runs" on $place 0 ""
        ok "$place: a shell command's exit code comes back" on $place 42 "exit%2042"
        ok "$place: a 32-bit process" on $place 5 "/bin/process-32"
        ok "$place: every module loads and unloads" on $place 0 /module-test
        on $place 0 /module-test >console.$place 2>&1
    done
    tr -d '\r' <console.native | grep -E '^(module|workload|32-bit)' | sort >words.native
    tr -d '\r' <console.xen | grep -E '^(module|workload|32-bit)' | sort >words.xen
    ok "the same words on both" diff words.native words.xen
    ok "and they are many" test "$(wc -l <words.xen)" -gt 30
    ok "no warning of the kernel's on Xen" bash -c '! grep -E "WARNING:|BUG:|Oops|Call Trace" console.xen'
    "$AFTERBURNER" run --on xen --timeout 300 --initrd initramfs.cpio.gz --xen-log xen.log --append "console=ttyS0 panic=-1" image </dev/null >/dev/null 2>&1
    ok "no site was missed" bash -c '! grep "missed site" xen.log'
    ok "one and the same file" test "$sum" = "$(sha256sum image)"
    ;;
*)
    echo "unknown test $1"
    exit 2
    ;;
esac
finish
