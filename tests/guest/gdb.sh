#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# gdb on a guest with a wedge on Xen: backtraces from the wedge, and from a stub, reach the guest's functions; wedge-state
# prints the virtual CPU (afterburner/gdb/wedge.py).
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
"$AFTERBURNER" doctor --for xen >/dev/null || skip "Xen or QEMU is missing" "scripts/fetch-xen; apt-get install qemu-system-x86"
command -v gdb >/dev/null || skip "gdb is missing" "apt-get install gdb"
wedge=${AFTERBURNER_WEDGE:-$(dirname "$TEST_TOOLS")/wedge/wedge.elf}

make -s -C "$SOURCE_DIR/examples/hello-kernel" O="$PWD/build" CC="$AFTERBURNER cc --policy policy gcc" >/dev/null
ok "links" "$AFTERBURNER" link build/hello-kernel.elf -o image
# session COMMAND...: gdb at the start of a run.
session() {
    local arguments=() command
    rm -f socket
    "$AFTERBURNER" run --on xen --timeout 60 --qemu-arg=-S --qemu-arg=-gdb --qemu-arg=unix:socket,server=on,wait=off image \
        >/dev/null 2>&1 </dev/null &
    for command in "$@"; do arguments+=(-ex "$command"); done
    for ((i = 0; i < 100; i++)); do [ ! -S socket ] || break; sleep 0.1; done
    timeout 60 gdb -nx -batch -ex "set confirm off" -ex "set architecture i386:x86-64" -ex "add-symbol-file $wedge" \
        -ex "source $SOURCE_DIR/afterburner/gdb/wedge.py" -ex "target remote socket" "${arguments[@]}" -ex kill build/hello-kernel.elf 2>&1
    wait
}
session "hbreak instruction_port" continue "continue 20" backtrace wedge-state >wedge.txt
ok "a backtrace from the wedge reaches the guest" bash -c 'tr -d "\n" <wedge.txt | grep -qE "#0 +instruction_port .*xen_site.*wedge_stub_entry .*console_write .*kernel_main .*kernel_start" || { cat wedge.txt; exit 1; }'
ok "wedge-state says where the guest is" grep -qE '^rip ffffffff8[0-9a-f]+ <(console_write|outb|put)' wedge.txt
ok "in which mode" grep -q 'kernel mode, 64 bits' wedge.txt
ok "and that it is at a site" grep -q '^at a site: kind 24' wedge.txt
session "hbreak instruction_port" continue "continue 20" "delete" "hbreak wedge_stub_entry" continue "stepi" "backtrace 3" >entry.txt
ok "so does one from the entry code" grep -qE '^#0 .* wedge_stub_entry' entry.txt
# The stub that the next port access jumps to: the first two of its instructions are behind.
session "hbreak instruction_port" continue "continue 20" 'set $site = vcpu_page.rip' "delete" 'hbreak *$site' continue stepi stepi stepi \
    'printf "in the stub: %d\n", $rip - 0xffffffff7f800000 < 0x800000' "backtrace 3" >stub.txt
ok "one from a stub, too" bash -c 'tail -n 8 stub.txt | tr -d "\n" | grep -qE "in the stub: 1.*#0 .*#1 .*(console_write|put|outb)" || { cat stub.txt; exit 1; }'
finish
