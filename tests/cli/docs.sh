#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Pages that are generated are what the program generates; man pages name every option; links lead somewhere.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
ok "docs/sensitive-instructions.md is the table" \
    bash -c '"$0" table --format markdown | diff "$1/docs/sensitive-instructions.md" -' "$AFTERBURNER" "$SOURCE_DIR"
ok "man pages name every option and variable" "$SOURCE_DIR/docs/man/check.sh" "$AFTERBURNER" "$SOURCE_DIR"
ok "completion offers what the program takes" "$SOURCE_DIR/docs/completion/check.sh" "$AFTERBURNER" "$SOURCE_DIR"
for page in "$SOURCE_DIR"/docs/man/*.[17]; do
    ok "$(basename "$page") is clean" bash -c 'test -z "$(mandoc -T lint -W warning "$0" 2>&1 | tee /dev/stderr)"' "$page"
done
links() {
    grep -ohE '\]\([^)#]+' "$1" | sed 's/^](//' | grep -v '://' | while read -r link; do
        [ -e "$(dirname "$1")/$link" ] || { echo "$1: $link does not exist"; return 1; }
    done
}
while read -r page; do
    ok "links of $page" links "$SOURCE_DIR/$page"
done < <(cd "$SOURCE_DIR" && find . -name '*.md' ! -path './build*' ! -path './.git/*' | sort)
finish
