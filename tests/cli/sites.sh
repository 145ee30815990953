#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `afterburner sites`: which sites are listed and compared, and that JSON has them all.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"

afterburner() { "$AFTERBURNER" "$@"; }
as() { "$AFTERBURNER_AS" "$@"; }
# json FILTER ARGUMENT...: what `sites --json` prints satisfies the filter.
json() {
    local filter=$1
    shift
    afterburner sites --json "$@" >sites.json || [ $? -eq 1 ] || return 1
    jq -e "$filter" sites.json || { cat sites.json; return 1; }
}

printf '\t.globl f\n\t.type f,@function\nf:\tcli\n\tcpuid\n\tret\n\t.size f,.-f\n' >file.s
as file.s -o old.o
printf '\t.section .init.text,"ax"\n\t.globl g\n\t.type g,@function\ng:\tcli\n\tret\n\t.size g,.-g\n' >>file.s
as file.s -o new.o

# --- Filters and --diff
ok "--diff compares every site" json '.stayed == 2 and (.came | length) == 1 and (.went | length) == 0' --diff old.o new.o
ok "--diff with a difference ends with 1" code 1 afterburner sites --diff old.o new.o
ok "--diff --kind" json '.stayed == 1 and (.came | length) == 0' --diff --kind cpuid old.o new.o
ok "--diff --kind without a difference ends with 0" code 0 afterburner sites --diff --kind cpuid old.o new.o
ok "--diff --class" json '.stayed == 1 and (.came | map(.function)) == ["g"]' --diff --class FLAGS old.o new.o
ok "--diff --function" json '.stayed == 2 and (.came | length) == 0' --diff --function 'f*' old.o new.o
ok "--diff --section, on the old side, too" json '.stayed == 0 and (.went | map(.function)) == ["g"]' --diff --section .init.text \
    new.o old.o
ok "--diff --count is refused" code 2 afterburner sites --diff --count old.o new.o

# --- Several sections of records in a relocatable file
objcopy --rename-section .afterburn=.afterburn.second new.o second.o
printf '\t.text\n\t.globl h\n\t.type h,@function\nh:\thlt\n\tret\n\t.size h,.-h\n' >other.s
as other.s -o other.o && ld -r other.o second.o -o both.o && objcopy --rename-section .afterburn.second=.afterburn both.o
ok "two sections of records" test "$(readelf -SW both.o | grep -c ' \.afterburn ')" -eq 2
ok "both are listed" json 'map(.function) == ["h", "f", "f", "g"]' both.o
ok "both are verified" code 0 afterburner verify both.o

# --- Names that are no UTF-8
printf '\t.section ".te\377xt","ax"\n\t.globl "n\351w"\n\t.type "n\351w",@function\n"n\351w":\tcli\n\tret\n' >latin1.s
as latin1.s -o latin1.o
ok "a list with names that are no UTF-8" json 'map(.function) == ["n\\xe9w"] and map(.section) == [".te\\xffxt"]' latin1.o
ok "a comparison with names that are no UTF-8" json '(.came | map(.function)) == ["n\\xe9w"]' --diff --function "n*" other.o latin1.o

finish
