#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Golden cases: each cases/NAME.s is assembled; its sites and what verify says must be cases/NAME.expected, and without
# its pads it must be what plain `as` makes of it. `golden.sh --update` writes the expectations anew: read the difference before you commit it.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
cases=$SOURCE_DIR/tests/annotate/cases

# Everything of a listing but the identity, which is a hash of this very line and the path.
list() { "$AFTERBURNER" sites "$1" 2>&1 | sed 's/\t[0-9a-f]\{16\} / /'; "$AFTERBURNER" verify --limit 0 "$1" | sed 's/^  //'; }

plain_text() { sed -E 's/\.afterburn_(on|off)//' "$1"; }

for case in "$cases"/*.s; do
    name=$(basename "$case" .s)
    flags=$(sed -n '1s/^# as: //p' "$case")
    plain_text "$case" >"$name.s"
    # shellcheck disable=SC2086  # several flags
    ok "$name: plain as takes it" as $flags "$name.s" -o "$name.plain.o"
    # shellcheck disable=SC2086
    ok "$name: assembles" "$AFTERBURNER_AS" $flags "$case" -o "$name.o"
    list "$name.o" >"$name.actual"
    if [ "${1:-}" = --update ]; then
        cp "$name.actual" "$cases/$name.expected"
    fi
    ok "$name: the sites" diff "$cases/$name.expected" "$name.actual"
    ok "$name: without its pads it is plain's" "$TEST_TOOLS/compare-streams" "$name.plain.o" "$name.o"
done
ok "there are cases" test "$checks" -gt 20
finish
