#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# run.sh IMAGE [WORD...]: runs the image in QEMU with these words as its command line.
# Exits with the guest's own code, as `afterburner run` does; 124 is a time-out (TIMEOUT seconds,
# 60 if not set), 122 any other end of QEMU. QEMU and QEMU_FLAGS choose the emulator and add to it.
set -u

if [ $# -eq 0 ] || [ ! -f "$1" ]; then
    echo "run.sh: no image '${1-}': say run.sh build/hello-kernel.elf (make builds it)" >&2
    exit 125
fi
image=$1
shift

# QEMU_FLAGS is a list of words on purpose.
# shellcheck disable=SC2086
timeout "${TIMEOUT:-60}" "${QEMU:-qemu-system-x86_64}" -machine pc -accel tcg -cpu max -m 64 \
    -display none -nodefaults -no-reboot -serial stdio \
    -device isa-debug-exit,iobase=0xf4,iosize=0x04 ${QEMU_FLAGS-} \
    -kernel "$image" -append "$*" </dev/null
status=$?

# isa-debug-exit gives (code << 1) | 1. An even status is not the guest's.
if [ $status -eq 124 ]; then
    exit 124
elif [ $((status & 1)) -eq 1 ] && [ $status -lt 201 ]; then
    exit $((status >> 1))
fi
exit 122
