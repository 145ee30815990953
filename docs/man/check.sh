#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# docs/man/check.sh PROGRAM SOURCE_ROOT: holds the man pages against the program and its sources. Fails with one line for
# each thing that a page lacks:
#   - a command without a page, or missing in afterburner.1;
#   - an option that `afterburner COMMAND --help` prints and the command's page does not explain;
#   - a value of enum exit_code or run_exit_code that no EXIT STATUS has;
#   - a kind of finding that afterburner-verify.1 does not name;
#   - an environment variable of the sources that afterburner-environment.7 does not name, or the other way round;
#   - a reference to a page of ours that does not exist;
#   - what groff and mandoc (either may be missing, not both) warn of.
set -u -o pipefail
if [ $# -ne 2 ] || [ ! -x "$1" ] || [ ! -d "$2/docs/man" ]; then
    echo "usage: docs/man/check.sh PROGRAM SOURCE_ROOT" >&2
    exit 2
fi
program=$(realpath -- "$1") || exit 2
cd "$2" || exit 2
failures=0
checks=0

wrong() {
    echo "$*" >&2
    failures=$((failures + 1))
}

# plain PAGE: its text without roff's escapes.
plain() {
    sed -E 's/\\f[BIRP]//g; s/\\-/-/g; s/\\e/\\/g; s/\\&//g; s/\\~/ /g; s/\\\(dq/"/g' "$1"
}

# explains PAGE WORD: WORD stands, whole, in a line that begins a paragraph's tag (.TP .TQ .IP and the line behind it).
explains() {
    checks=$((checks + 1))
    plain "$1" | awk -v word="$2" '
        function whole(line,   at, rest, before) {
            rest = line
            while ((at = index(rest, word)) > 0) {
                before = at > 1 ? substr(rest, at - 1, 1) : " "
                if (before !~ /[A-Za-z0-9_-]/ && substr(rest, at + length(word), 1) !~ /[A-Za-z0-9_-]/)
                    return 1
                rest = substr(rest, at + length(word))
            }
            return 0
        }
        tag { if (whole($0)) found = 1 }
        { tag = $1 == ".TP" || $1 == ".TQ" }
        END { exit !found }'
}

# options COMMAND: what its --help prints. argp indents options by two or six columns, our own help by two.
options() {
    "$program" "$1" --help | sed '/^GNU as.s own help follows/,$d' |
        sed -nE 's/^ {2,6}(-.*)$/\1/p' | sed -E 's/  .*//; s/[, ]+/\n/g' |
        sed -nE 's/^(--?[A-Za-z?][A-Za-z0-9-]*).*/\1/p' | sort -u
}

commands=$("$program" --help | sed -n '/^Commands:/,/^$/p' | awk 'NF && $1 != "Commands:" { print $1 }')
[ -n "$commands" ] || wrong "$program --help lists no command"
for command in $commands; do
    page=docs/man/afterburner-$command.1
    explains docs/man/afterburner.1 "$command" || wrong "docs/man/afterburner.1: command $command is missing"
    [ -e "$page" ] || { wrong "$page: missing, though there is a command $command"; continue; }
    for option in $(options "$command"); do
        # What argp adds to every command is explained once.
        case $option in
        --help | --usage | '-?') explains docs/man/afterburner.1 "$option" || wrong "docs/man/afterburner.1: $option is missing" ;;
        *) explains "$page" "$option" || wrong "$page: $option is missing" ;;
        esac
    done
done

# Exit codes: all of cli/exit-codes.h, in the pages that have them.
codes() { sed -n "/^enum $1 /,/^}/p" afterburner/cli/exit-codes.h | sed -nE 's/.*= ([0-9]+),.*/\1/p'; }
for code in $(codes exit_code); do
    explains docs/man/afterburner.1 "$code" || wrong "docs/man/afterburner.1: exit code $code is missing"
done
for code in $(codes run_exit_code); do
    checks=$((checks + 1))
    plain docs/man/afterburner-run.1 | sed -E 's/\\\(en/ /g' | grep -w -- "$code" >/dev/null ||
        wrong "docs/man/afterburner-run.1: exit code $code is missing"
done

# Kinds of findings.
kinds=$(sed -nE 's/^ *\[FINDING_[A-Z_]+\] = \{"([a-z-]+)".*/\1/p' afterburner/verify/findings.c)
[ -n "$kinds" ] || wrong "afterburner/verify/findings.c: no kinds of findings found"
for kind in $kinds; do
    explains docs/man/afterburner-verify.1 "$kind" || wrong "docs/man/afterburner-verify.1: finding $kind is missing"
done

# Variables: in C, names in strings (messages too) and what is read or added to; in scripts, what is expanded.
page=docs/man/afterburner-environment.7
sources=$(find afterburner -name '*.[ch]')
variables=$({
    # shellcheck disable=SC2086  # a list of files
    sed "s/'\"'//g" $sources | grep -oE '"([^"\\]|\\.)*"' | grep -oE 'AFTERBURNER_[A-Z0-9_]+'
    # shellcheck disable=SC2086
    grep -ohE '(getenv|add_to_list)\("[A-Z][A-Z0-9_]*"' $sources | grep -oE '[A-Z][A-Z0-9_]*'
    find examples scripts demo check -type f -print0 2>/dev/null | xargs -0r grep -ohE '\$\{?(AFTERBURNER(_[A-Z0-9_]+)?|XDG_[A-Z_]+)\b' |
        grep -oE '[A-Z][A-Z0-9_]*'
} | sort -u)
for variable in $variables; do
    explains "$page" "$variable" || wrong "$page: $variable is missing"
done
for variable in $(plain "$page" | grep -oE '\bAFTERBURNER_[A-Z0-9_]+' | sort -u); do
    checks=$((checks + 1))
    grep -qx -- "$variable" <<<"$variables" || wrong "$page: $variable is in no source"
done

# References between our pages.
for page in docs/man/*.[17]; do
    while read -r name section; do
        checks=$((checks + 1))
        [ -e "docs/man/$name.$section" ] || wrong "$page: refers to $name($section), which does not exist"
    done < <(plain "$page" | grep -oE '\bafterburner(-[a-z]+)? ?\([0-9]\)' | tr '()' '  ')
done

# The formatters. mandoc wants a date in .TH; a page may do without.
formatters=0
for page in docs/man/*.[17]; do
    head -n 1 "$page" | grep -q 'SPDX-License-Identifier' || wrong "$page: no SPDX line"
    if command -v groff >/dev/null; then
        formatters=1
        output=$(groff -man -Tutf8 -ww -z "$page" 2>&1)
        [ -z "$output" ] || wrong "$page: groff: $output"
    fi
    if command -v mandoc >/dev/null; then
        formatters=1
        output=$(mandoc -Tlint -W warning "$page" | grep -v 'missing date')
        [ -z "$output" ] || wrong "$output"
    fi
done
[ $formatters -eq 1 ] || wrong "neither groff nor mandoc is here to format the pages; apt-get install mandoc"

[ "$checks" -gt 0 ] || wrong "no check was made"
[ $failures -eq 0 ] || { echo "docs/man: $failures of $checks checks failed" >&2; exit 1; }
echo "docs/man: $checks checks passed"
