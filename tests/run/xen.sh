#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `afterburner run --on xen`: every way in which a run on Xen can end, its exit code, what is said about it, and how soon.
# The guest is xen-guest, a dom0 of a few hundred lines that does what its command line says.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
image=xen-guest.elf
run() { "$AFTERBURNER" run --on xen --timeout 60 "$@"; }

# ends CODE TEXT OPTION...: the run ends with this code and says this on standard error (a regular expression; "": nothing).
ends() {
    local expected=$1 text=$2 got=0 from
    shift 2
    from=${EPOCHREALTIME/./}
    run "$@" "$image" </dev/null >console 2>said || got=$?
    took=$((${EPOCHREALTIME/./} - from))
    cat console said
    [ "$got" -eq "$expected" ] || { echo "exit code $got, expected $expected"; return 1; }
    if [ -n "$text" ]; then
        grep -qE -- "$text" said || { echo "nobody said: $text"; return 1; }
    else
        [ ! -s said ] || { echo "standard error is not empty"; return 1; }
    fi
}
console_has() { tr -d '\r' <console | grep -qxF -- "$1" || { echo "the console lacks: $1"; return 1; }; }
said_has() { grep -qF -- "$1" said || { echo "nobody said: $1"; return 1; }; }
lacks() { ! grep -qF -- "$1" said || { echo "somebody said: $1"; return 1; }; }
# Xen itself takes five seconds after a crash, and for ever after a power-off.
soon() { [ "$took" -lt $((plain + 3000000)) ] || { echo "took $took us, a plain run $plain"; return 1; }; }
both() { ends "$@" && soon; }
plain=0 took=0

ok "xen-guest builds" make -s -C "$SOURCE_DIR/tests/run/xen-guest" O="$PWD"
run --append exit=0 $image </dev/null 2>&1 | grep -q 'Xen: not found' &&
    skip "Xen is missing" "scripts/fetch-xen ~/.cache/afterburner/xen"

# The guest's own end.
ok "exit code 0" ends 0 "" --append exit=0
plain=$took
echo "# from start to end: $((plain / 1000)) ms"
ok "its console is on standard output" console_has "xen-guest: hello"
ok "exit code 42" ends 42 "" --append exit=42
ok "exit code 99" ends 99 "" --append exit=99
ok "a code above 99 is a crash" ends 120 'the guest ended with code 110' --append exit=110
ok "power-off is 0" both 0 "" --append poweroff
ok "reboot is a crash, as on bare hardware" both 120 'guest reset without an exit code' --append reboot
ok "a time-out is 124" ends 124 'no end after 3 s' --timeout 3 --append spin

# What the guest gets.
printf 'initrd contents\n' >"a disk, or so"
cp $image "an image, or so"
ok "arguments with commas and quotes" ends 7 "" --append 'arguments a,b=c,,d "e" exit=7'
ok "they come whole" console_has 'arguments: arguments a,b=c,,d "e" exit=7'
ok "192 of 256 MiB are the guest's" console_has "memory: 49152 pages"
ok "it has one processor" console_has "processors: 1"
ok "it has no initrd" console_has "module: 0 bytes"
ok "an initrd whose path has spaces and commas" ends 7 "" --initrd "a disk, or so" --append "arguments exit=7"
ok "the initrd comes whole" console_has "initrd contents"
image="an image, or so"
spaced() { run --append exit=9 "$image" </dev/null; }
ok "an image whose path has spaces and commas" code 9 spaced
image=xen-guest.elf
ok "two processors, 512 MiB" ends 7 "" --smp 2 --memory 512 --append "arguments exit=7"
ok "it sees both" console_has "processors: 2"
ok "it sees 448 MiB" console_has "memory: 114688 pages"
ok "the smallest memory" ends 5 "" --memory 96 --append exit=5
ok "another processor model, its SMAP switched off" ends 5 "" --cpu max,+smap --append exit=5
ok "more of Xen's command line" ends 7 "" --xen-append "dom0_mem=64M,max:64M" --append "arguments exit=7"
ok "it holds" console_has "memory: 16384 pages"
typed() { printf 'hi there\n' | { sleep 3; cat; } | run --interactive --append "echo exit=6" "$image" >console; }
ok "what is typed goes to the guest" code 6 typed
ok "and comes back" console_has "type: hi there"

# Crashes of the guest.
ok "an invalid instruction" both 120 'the guest crashed at crash_by_ud2\+0xa \(0xffffffff8[0-9a-f]+\): #UD; Xen' --append crash
ok "with the registers" said_has "rax: 1122334455667788"
ok "with who called" said_has " main+0x"
ok "without Xen's prefix" lacks "(XEN)"
ok "a bad pointer" both 120 'the guest crashed at crash_by_pointer\+0x2 .*: #PF, error code 0x2, address 0x10; Xen' --append pointer
ok "with the walk of the page table" said_has "L4[0x000] = 0000000000000000"
ok "the guest gives up" both 120 'the guest told Xen that it crashed' --append give-up

# The wedge's words.
ok "the wedge stops itself" both 121 "the wedge stopped itself: no stub for a site; the wedge's report" --append "wedge-stop crash"
ok "with its lines" said_has "  wedge: site 17 at ffffffff81001000: no stub"
ok "the wedge stops and nothing more happens" both 121 'the wedge stopped itself: no stub' --append "wedge-stop spin"
ok "the wedge stops and ends by the exit port" both 121 'the wedge stopped itself: no stub' --append "wedge-stop exit=3"
ok "the wedge stops for the guest's crash" both 120 'the guest crashed; the wedge' --append "wedge-stop-guest spin"
ok "with its lines" said_has "  wedge: triple fault at ffffffff81001000"
ok "a crash where the wedge lies" both 121 'the wedge crashed at 0xffffffff7f801234: #PF, error code 0x10, address 0xffffffff7f801234' --append jump

# Xen's own.
ok "Xen crashes" both 122 'Xen crashed: FATAL TRAP: vec 2, NMI' --xen-append nmi=fatal --append key=N
ok "with its registers and calls" said_has "do_sysctl+0x"
ok "Xen reboots by itself" both 120 'guest reset' --append key=R
ok "a domain that cannot be built" both 125 "$image: Xen could not make a domain of it: Domain 0 allocation is too small" --xen-append dom0_mem=2M,max:2M

# The log.
ok "--xen-log" ends 3 "" --xen-log log --append "flood exit=3"
ok "the log has Xen's lines" grep -q "^(XEN) Xen version " log
ok "and the wedge's" grep -q "^wedge: a line of the flood" log
ok "without carriage returns" bash -c '! grep -q $'"'\\r'"' log'
ok "all of a flood" test "$(grep -c '^wedge: a line of the flood' log)" -eq 5000
ok "--verbose shows the log" ends 3 '^xen: \(XEN\) Xen version ' --verbose --append exit=3
ok "and QEMU's command line" said_has " -cpu max,-smap "
ok "a log that cannot be made" ends 125 '--xen-log nowhere/log: No such file or directory' --xen-log nowhere/log
ok "a log on a full disk" ends 125 '--xen-log /dev/full: No space left on device' --xen-log /dev/full --append exit=3

# Counting.
ok "the instruction counter builds" gcc -O2 -shared -fPIC -o insncount.so "$SOURCE_DIR/tests/bench/insncount.c"
ok "a plugin writes its result when Xen halts" ends 0 "" --plugin insncount.so,out=count.json --append poweroff
ok "there it is" grep -q '"all": *[1-9]' count.json
for n in 1 2; do
    ok "deterministic, run $n" ends 3 "" --deterministic --xen-log log.$n --append "arguments exit=3"
    cp console console.$n
done
ok "both have the same console" cmp console.1 console.2
ok "both have the same log" cmp log.1 log.2
finish
