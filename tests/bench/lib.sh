# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# What the benchmarks share. Tables go to stdout, everything else to stderr; the exit codes are
# those of afterburner/cli/exit-codes.h: 1 a limit is passed, 2 usage, 3 a bad input, 5 a tool lacks.

bench_name=$(basename "$0")

say() {
    printf '%s: %s\n' "$bench_name" "$*" >&2
}

# die CODE MESSAGE
die() {
    say "$2"
    exit "$1"
}

# find_afterburner: sets `afterburner` to the program under test.
find_afterburner() {
    afterburner=$(command -v "${AFTERBURNER:-afterburner}") ||
        die 5 "${AFTERBURNER:-afterburner}: not found; build it and put it in PATH, or set AFTERBURNER to its path"
}

# ratio A B: B / A.
ratio() {
    awk -v a="$1" -v b="$2" 'BEGIN { printf "%.4f", a ? b / a : 0 }'
}

# above VALUE LIMIT
above() {
    awk -v value="$1" -v limit="$2" 'BEGIN { exit !(value > limit) }'
}
