#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds with AddressSanitizer and UndefinedBehaviorSanitizer, and runs the unit, annotator and command-line tests on it.
# Not annotate.killed: LeakSanitizer cannot work in a process that strace traces. Not cli.ci: it is a script's test, and for a
# kernel with debugging information libbfd's reader of lines leaks a table.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
ok "configures" cmake -S "$SOURCE_DIR" -B build -G Ninja -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_C_FLAGS_DEBUG=-O1 -g" \
    -DAFTERBURNER_SANITIZE=address,undefined
ok "builds" cmake --build build
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1
ok "passes" ctest --test-dir build --output-on-failure -L '^(unit|annotate|cli)$' -LE '^long$' -E '^(cli\.(ci|install|style|tidy|docs|sanitize)|annotate\.killed)'
ok "and that were tests" bash -c 'ctest --test-dir build -N -L "^(unit|annotate|cli)$" | grep -E "Total Tests: [1-9]"'
finish
