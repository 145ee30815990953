#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# gdb on an annotated kernel that runs neutral in QEMU: across sites and their pads lines, backtraces and variables are right,
# and afterburn-sites lists the sites. hello-kernel of 64 and of 32 bits, by gcc and by clang.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
command -v gdb >/dev/null || skip "gdb is missing" "apt-get install gdb"
command -v qemu-system-x86_64 >/dev/null || skip "QEMU is missing" "apt-get install qemu-system-x86"

# session IMAGE COMMAND...: gdb at the start of a run.
session() {
    local image=$1 arguments=() command
    shift
    rm -f socket
    "$AFTERBURNER" run --on native --timeout 60 --qemu-arg=-S --qemu-arg=-gdb --qemu-arg=unix:socket,server=on,wait=off "$image" \
        >/dev/null 2>&1 </dev/null &
    for command in "$@"; do arguments+=(-ex "$command"); done
    for ((i = 0; i < 100; i++)); do [ ! -S socket ] || break; sleep 0.1; done
    timeout 60 gdb -nx -batch -ex "set confirm off" -ex "set width 0" -ex "source sites.py" -ex "target remote socket" "${arguments[@]}" -ex kill "$image" 2>&1
    wait
}
has() { grep -qE -- "$1" "$2" || { cat "$2"; return 1; }; }
# value NAME FILE: what `printf "NAME=..."` printed.
value() { sed -n "s/^$1=//p" "$2"; }

for machine in x86_64:gcc x86_64:clang i386:gcc i386:clang; do
    compiler=${machine#*:} arch=${machine%:*}
    [ "$compiler" != clang ] || compiler="clang -fno-integrated-as"
    # What QEMU tells gdb of its registers is the processor's, not the code's: 32-bit code wants a 32-bit processor.
    export AFTERBURNER_QEMU=qemu-system-$arch
    image=$PWD/${machine/:/-}/hello-kernel.elf
    ok "$machine: builds" make -s -C "$SOURCE_DIR/examples/hello-kernel" ARCH="$arch" O="${image%/*}" CC="$AFTERBURNER cc --policy policy $compiler" CFLAGS="-O2 -g"
    ok "$machine: the script for gdb" bash -c '"$0" sites --gdb "$1" >sites.py' "$AFTERBURNER" "$image"
    # The port instruction of the console, well into the run: stopped at the site, in its pad, and behind it.
    read -r start offset length span < <("$AFTERBURNER" sites --json --class PORT --function 'console_*' "$image" |
        jq -r '[.[] | select(.kind == "out")][-1] | "\(.address) \(.offset) \(.length) \(.span)"')
    session "$image" "hbreak *$start" continue "ignore 1 5" continue \
        'printf "AT=%s\n", "site"' backtrace "info line *$start" 'info args' 'printf "AL=%d\n", $al & 0xff' stepi 'info args' 'printf "PAD=%d\n", (long)$pc - (long)'"$start" backtrace \
        "info line *\$pc" "tbreak *($start+$span)" continue 'printf "BEHIND=%d\n", (long)$pc - (long)'"$start" backtrace \
        afterburn-sites "afterburn-sites *$start+$length" 'afterburn-sites console_*' "afterburn-sites no_such_function" >gdb.txt
    stops=$(grep -c '^#0' gdb.txt)
    ok "$machine: three stops" test "$stops" -eq 3
    ok "$machine: one step leads over the instruction, into the pad" test "$(value PAD gdb.txt)" -eq $((offset + length))
    ok "$machine: and on behind it" test "$(value BEHIND gdb.txt)" -eq "$span"
    # Three backtraces to the start of the kernel, alike from the function around the site on (what is inlined there ends
    # with its last instruction).
    awk '/^#0/ { stop++; inside = 0 }
        /^#/ { match($0, /(in )?[a-z_0-9]+ \(/); name = substr($0, RSTART, RLENGTH); sub(/^in /, "", name)
            inside = inside || name ~ /^console_/
            if (inside) print name >"frames." stop }' gdb.txt
    ok "$machine: three backtraces alike, of $(wc -l <frames.1) frames" bash -c 'cmp frames.1 frames.2 && cmp frames.1 frames.3 && test "$(wc -l <frames.1)" -ge 3 || { cat gdb.txt; exit 1; }'
    ok "$machine: to main" grep -q "^kernel_main" frames.1
    wanted=$(addr2line -e "$image" "$start")
    ok "$machine: the site's line is the source's: ${wanted##*/}" has "^Line ${wanted##*:} of \"[^\"]*$(basename "${wanted%:*}")\"" gdb.txt
    line=$(sed -n "$(sed 's/.*://; s/ .*//' <<<"$wanted")p" "$SOURCE_DIR/examples/hello-kernel/$(basename "${wanted%%:*}")")
    ok "$machine: which has the instruction" grep -qE "out|asm" <<<"$line"
    grep '^Line .* starts at address' gdb.txt >lines.txt
    ok "$machine: the pad belongs to the same line" bash -c 'test "$(wc -l <lines.txt)" -eq 2 && test "$(uniq lines.txt | wc -l)" -eq 1 || { cat lines.txt; exit 1; }'
    # The arguments of outb(), at the site and in the pad: the console's port, and what is in AL.
    ok "$machine: variables have their values" bash -c 'test "$(grep -c "^port = 1016\$" gdb.txt)" -eq 2 && test "$(grep -c "^value = $1 " gdb.txt)" -eq 2 || { cat gdb.txt; exit 1; }' - "$(value AL gdb.txt)"
    ok "$machine: afterburn-sites names this site, neutral" has "^$(printf '0x%x' "$start") +out +console_[a-z_]*\+0x[0-9a-f]+  out[^ ]* .*:[0-9]+  neutral" gdb.txt
    ok "$machine: by an address inside it, too" test "$(grep -c "^$(printf '0x%x' "$start") " gdb.txt)" -ge 2
    ok "$machine: none is said to be none" has '^no site$' gdb.txt
done
finish
