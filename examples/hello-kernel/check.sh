#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# check.sh IMAGE: runs the image in each way it can end, and compares what it says. Exits 0 if all
# is as it should be; 77 if there is no QEMU to run it in.
set -u

image=${1-}
here=$(dirname "$0")
failures=0
if [ ! -f "$image" ]; then
    echo "check.sh: no image '$image': say check.sh build/hello-kernel.elf (make builds it)" >&2
    exit 125
fi
if ! command -v "${QEMU:-qemu-system-x86_64}" >/dev/null; then
    echo "SKIP: no ${QEMU:-qemu-system-x86_64}: apt-get install qemu-system-x86"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# try NAME CODE TEXT WORD...: the run ends with CODE and its output has the line TEXT.
try() {
    name=$1 code=$2 text=$3
    shift 3
    "$here/run.sh" "$image" "$@" >"$work/$name" 2>&1
    got=$?
    tr -d '\r' <"$work/$name" >"$work/$name.txt"
    if [ $got -eq "$code" ] && grep -qx "$text" "$work/$name.txt"; then
        echo "ok: $name"
    else
        echo "FAIL: $name: exit code $got, should be $code, with a line '$text'; it said:"
        cat "$work/$name.txt"
        failures=$((failures + 1))
    fi
}

# same NAME A B: two files are the same.
same() {
    if diff "$2" "$3"; then
        echo "ok: $1"
    else
        echo "FAIL: $1"
        failures=$((failures + 1))
    fi
}

cat >"$work/expected.txt" <<'END'
hello-kernel: console ok
hello-kernel: segments ok
hello-kernel: traps ok
hello-kernel: memory ok
hello-kernel: paging ok
hello-kernel: interrupts ok
hello-kernel: timer ok
hello-kernel: task 1 says hello
hello-kernel: task 2 says hello
hello-kernel: task 1 was preempted and came back
hello-kernel: task 2 was preempted and came back
hello-kernel: user mode ok
hello-kernel: system calls ok
hello-kernel: preemption ok
hello-kernel: demand paging ok
hello-kernel: clean-up ok
hello-kernel: all done
END

try plain 0 'hello-kernel: all done'
same 'a plain run says what it should' "$work/expected.txt" "$work/plain.txt"
try exit-code 42 'hello-kernel: all done' exit=42
try ticks 7 'hello-kernel: all done' other ticks=20 exit=7
try bad-option 98 'hello-kernel: command line: exit= takes a number from 0 to 99' exit=100
try panic 99 'hello-kernel: panic: unexpected exception' panic
TIMEOUT=3 try spin 124 'hello-kernel: spinning' spin

QEMU_FLAGS='-icount shift=0,sleep=off -rtc base=2024-01-01,clock=vm -seed 42'
export QEMU_FLAGS
try counted-1 0 'hello-kernel: all done'
try counted-2 0 'hello-kernel: all done'
try counted-panic-1 99 'hello-kernel: panic: unexpected exception' panic
try counted-panic-2 99 'hello-kernel: panic: unexpected exception' panic
same 'two counted runs are the same' "$work/counted-1" "$work/counted-2"
same 'two counted panics are the same' "$work/counted-panic-1" "$work/counted-panic-2"

[ $failures -eq 0 ]
