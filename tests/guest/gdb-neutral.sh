#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# gdb on an annotated kernel that runs neutral in QEMU: across sites and their pads lines, backtraces and variables are right,
# and afterburn-sites lists the sites. gdb-neutral.sh hello-kernel: of 64 and of 32 bits, by gcc and by clang;
# gdb-neutral.sh linux: Linux with debug information.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
command -v gdb >/dev/null || skip "gdb is missing" "apt-get install gdb"
command -v qemu-system-x86_64 >/dev/null || skip "QEMU is missing" "apt-get install qemu-system-x86"

# session IMAGE SYMBOLS COMMAND...: gdb at the start of a run of IMAGE.
run_options=()
session() {
    local image=$1 symbols=$2 arguments=() command
    shift 2
    rm -f socket
    "$AFTERBURNER" run --on native --timeout 120 "${run_options[@]}" --qemu-arg=-S --qemu-arg=-gdb --qemu-arg=unix:socket,server=on,wait=off "$image" \
        >/dev/null 2>&1 </dev/null &
    for command in "$@"; do arguments+=(-ex "$command"); done
    for ((i = 0; i < 100; i++)); do [ ! -S socket ] || break; sleep 0.1; done
    timeout 120 gdb -nx -batch -ex "set confirm off" -ex "set width 0" -ex "source sites.py" -ex "target remote socket" "${arguments[@]}" -ex kill "$symbols" 2>&1
    wait
}
holds() { jq -e "$@" stops.json || { cat gdb.txt; return 1; }; }
has() { grep -qE -- "$1" "$2" || { cat "$2"; return 1; }; }

# at NAME IMAGE SYMBOLS KIND FUNCTION PASSES LAST-FRAME FILTER: at the last site of a kind in a function, that many times passed
# before: in frames up to LAST-FRAME (a regular expression), with values that the jq filter accepts.
at() {
    local name=$1 image=$2 symbols=$3 kind=$4 function=$5 passes=$6 last=$7 filter=$8 address offset length span wanted second
    read -r address offset length span < <("$AFTERBURNER" sites --json --function "$function" "$symbols" | jq -r --arg kind "$kind" \
        '[.[] | select(.kind == $kind)][-1] | "\(.address) \(.offset) \(.length) \(.span)"')
    STOPS_AT="$address $span $passes" session "$image" "$symbols" "source $SOURCE_DIR/tests/guest/gdb-stops.py" \
        "afterburn-sites *$address+$offset" "afterburn-sites $function" "afterburn-sites no_such_function" >gdb.txt
    grep '^\[{' gdb.txt >stops.json
    second=$((offset ? offset : length)) # pads as short as these are one nop
    ok "$name: stopped at $kind in $function, at +$second, and behind it" holds "map(.pc) == [0, $second, $span]"
    ok "$name: three backtraces alike" holds '.[0].frames == .[1].frames and .[0].frames == .[2].frames and (.[0].frames | length) >= 2'
    ok "$name: to $last" holds --arg last "$last" '.[0].frames | any(. and test("^(\($last))$"))'
    wanted=$(addr2line -e "$symbols" "$address" | sed 's/ .*//')
    ok "$name: the source's line: ${wanted##*/}" holds --arg file "$(basename "${wanted%:*}")" --argjson line "${wanted##*:}" \
        '.[0].line == $line and (.[0].file | endswith("/" + $file))'
    ok "$name: instruction and pad belong to it" holds '.[1].line == .[0].line and .[1].file == .[0].file'
    ok "$name: variables have their values" holds ".[0] | $filter"
    ok "$name: one instruction later, too" holds '.[1].values == .[0].values'
    ok "$name: afterburn-sites names this site, neutral" has "^$(printf '0x%x' "$address") +$kind +$function\+0x[0-9a-f]+  .*:[0-9]+  neutral" gdb.txt
    ok "$name: by an address inside it, too" test "$(grep -c "^$(printf '0x%x' "$address") " gdb.txt)" -eq 2
    ok "$name: none is said to be none" has '^no site$' gdb.txt
}

case ${1:?} in
hello-kernel)
    for machine in x86_64:gcc x86_64:clang i386:gcc i386:clang; do
        compiler=${machine#*:} arch=${machine%:*}
        [ "$compiler" != clang ] || compiler="clang -fno-integrated-as"
        # What QEMU tells gdb of its registers is the processor's, not the code's: 32-bit code wants a 32-bit processor.
        export AFTERBURNER_QEMU=qemu-system-$arch
        image=$PWD/${machine/:/-}/hello-kernel.elf
        ok "$machine: builds" make -s -C "$SOURCE_DIR/examples/hello-kernel" ARCH="$arch" O="${image%/*}" CC="$AFTERBURNER cc --policy policy $compiler" CFLAGS="-O2 -g"
        ok "$machine: the script for gdb" bash -c '"$0" sites --gdb "$1" >sites.py' "$AFTERBURNER" "$image"
        # The console's port, and what is written there: outb(port, value), inlined.
        at "$machine" "$image" "$image" out console_write 5 kernel_main '.values.port == "1016" and (.values.value | split(" ")[0] | tonumber) == .a % 256'
    done
    ;;
linux)
    build_linux annotated --config-extra "$SOURCE_DIR/tests/boot/debug-info.config"
    run_options=(--deterministic --initrd "$OUTPUT/initramfs.cpio.gz" --append "console=ttyS0 panic=-1 nokaslr")
    ok "the script for gdb" bash -c '"$0" sites --gdb "$1/vmlinux" >sites.py' "$AFTERBURNER" "$OUTPUT"
    export AFTERBURNER_QEMU=qemu-system-x86_64
    # What the serial port's driver writes, in the boot.
    at out "$OUTPUT/bzImage" "$OUTPUT/vmlinux" out io_serial_out 100 start_kernel '(.values.value | split(" ")[0] | tonumber) == .a % 256'
    # Another process's page tables.
    at cr3 "$OUTPUT/bzImage" "$OUTPUT/vmlinux" mov_to_control switch_mm_irqs_off 10 'ret_from_fork|entry_SYSCALL_64' '[.values.next, .values.real_prev] | all(test("^0xffff"))'
    # Nops in front of the instruction, in a system call.
    at sti "$OUTPUT/bzImage" "$OUTPUT/vmlinux" sti __set_current_blocked 5 entry_SYSCALL_64 '.values.newset | test("^0xffff")'
    ;;
*) echo "no test '$1'"; exit 2 ;;
esac
finish
