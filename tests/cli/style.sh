#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# clang-format, clang-tidy, shellcheck, SPDX lines. `style.sh tidy` runs clang-tidy alone: it is the slow one.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
cd "$SOURCE_DIR" || exit 2
files() { git ls-files "$@" | while read -r f; do [ -e "$f" ] && echo "$f"; done; }
shell_files() { files | while read -r f; do head -n 1 "$f" | grep -qE '^#!.*(bash|/sh)$' && echo "$f"; done; }
log() { cd "$SOURCE_DIR" && "$@"; }
git rev-parse --git-dir >/dev/null 2>&1 || skip "not a git checkout" "git clone"

for tool in clang-format clang-tidy shellcheck; do
    command -v $tool >/dev/null || skip "$tool is missing" "apt-get install $tool"
done
if [ "${1:-}" = tidy ]; then
    build=$(dirname "$TEST_TOOLS")
    cd "$WORK_DIR" || exit 2
    # shellcheck disable=SC2016  # expanded by the inner shell
    # It ends with an error code where it finds something, and where it cannot run.
    ok "clang-tidy finds nothing" bash -c 'set -o pipefail; cd "$1" && git ls-files "afterburner/*.c" "wedge/*.c" "hypervisor-backends/*.c" "tests/unit/*.c" "tests/annotate/*.c" "tests/link/drop-class.c" |
        xargs -P "$(nproc)" -n 4 clang-tidy -p "$0" --quiet --warnings-as-errors="*" 2>&1 | { ! grep -v "warnings generated\|warning generated\|Suppressed\|Use -header-filter"; }' "$build" "$SOURCE_DIR"
    finish
fi
formatted=$(files '*.c' '*.h')
unformatted=$(printf '%s\n' "$formatted" | xargs clang-format --dry-run 2>&1 | grep -oE '^[^:]+:[0-9]+' | sort -u | head -n 10)
shell_wrong=$(shell_files | xargs shellcheck -x 2>&1 | head -n 20)
unlicensed=$(files | grep -vE '^LICENSES/|\.expected$|^tests/guest/[^/]*/(expected|end)(\.[a-z]+)?$|^tests/fuzz/corpus/' | while read -r f; do head -n 5 "$f" | grep -q SPDX-License-Identifier || echo "$f"; done)
cd "$WORK_DIR" || exit 2
ok "clang-format has nothing to say ($unformatted)" test -z "$unformatted"
ok "shellcheck has nothing to say" bash -c 'test -z "$0" || { echo "$0"; exit 1; }' "$shell_wrong"
ok "every file has an SPDX line ($unlicensed)" test -z "$unlicensed"
finish
