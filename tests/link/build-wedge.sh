#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# build-wedge.sh SOURCE_ROOT OUTPUT [FLAG...]: builds the stand-in for the wedge, with further flags for the compiler.
set -eu
root=$1 output=$2
shift 2
gcc -O1 -ffreestanding -fno-pic -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-stack-protector -fcf-protection=none \
    -fno-asynchronous-unwind-tables -Wall -Wextra -Werror -I "$root/afterburner/include" "$@" -c "$root/tests/link/wedge.c" -o "$output.o"
ld -nostdlib -z max-page-size=0x1000 -z noexecstack --build-id=none -T "$root/wedge/wedge.lds" -e wedge_xen_start "$output.o" -o "$output"
rm "$output.o"
