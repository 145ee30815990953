#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `afterburner cc` with ccache between it and the compiler: what is cached is told apart as it must be.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
command -v ccache >/dev/null || skip "ccache is missing" "apt-get install ccache"

printf 'unsigned long f(void) { unsigned long flags; __asm__ volatile("pushf; pop %%0; cli" : "=r"(flags)); return flags; }\n' >frame.c
printf 'path user/** off "user mode"\n' >policy
mkdir user kernel
ok "cc: a launcher in front of gcc" bash -c 'CCACHE_DIR=$PWD/ccache "$0" cc ccache gcc -O2 -mno-red-zone -c frame.c -o cache1.o && CCACHE_DIR=$PWD/ccache "$0" cc ccache gcc -O2 -mno-red-zone -c frame.c -o cache2.o && cmp cache1.o cache2.o' "$AFTERBURNER"
ok "ccache: the second was a hit" bash -c 'CCACHE_DIR=$PWD/ccache ccache --print-stats | awk "/direct_cache_hit|preprocessed_cache_hit/ { n += \$2 } END { exit n < 1 }"'
ok "ccache: a path left alone and one that is not are told apart" bash -c 'export CCACHE_DIR=$PWD/ccache; "$0" cc --policy policy ccache gcc -O2 -c frame.c -o user/c.o && "$0" cc --policy policy ccache gcc -O2 -c frame.c -o kernel/c.o && ! readelf -SW user/c.o | grep -q afterburn && readelf -SW kernel/c.o | grep -q afterburn' "$AFTERBURNER"
ok "ccache: off mode does not get the annotated object" bash -c 'AFTERBURNER_MODE=off CCACHE_DIR=$PWD/ccache "$0" cc ccache gcc -O2 -mno-red-zone -c frame.c -o cache3.o; ! readelf -SW cache3.o | grep -q afterburn' "$AFTERBURNER"
finish
