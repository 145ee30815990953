#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# docs/completion/check.sh PROGRAM SOURCE_ROOT: completes command lines as bash would and compares what is offered.
# In the command lines | is the cursor; words are split as readline splits them, at = too.
set -u -o pipefail
if [ $# -ne 2 ] || [ ! -x "$1" ] || [ ! -e "$2/docs/completion/afterburner" ]; then
    echo "usage: docs/completion/check.sh PROGRAM SOURCE_ROOT" >&2
    exit 2
fi
program=$(realpath -- "$1") || exit 2
source_root=$(realpath -- "$2") || exit 2
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
mkdir folder
touch vmlinux policy 'a file'
checks=0
failures=0

# offered LINE: what is offered, in one line.
offered() {
    PROGRAM=$program COMPLETION=$source_root/docs/completion/afterburner bash --norc --noprofile -c '
        . "$COMPLETION"
        complete -p afterburner | grep -q "^complete -F _afterburner afterburner$" || exit 1
        line=$1
        COMP_WORDS=() COMP_CWORD=0
        read -ra words <<<"${line//=/ = }"
        for word in "${words[@]}"; do
            case $word in
            *"|") COMP_CWORD=${#COMP_WORDS[@]}
                COMP_WORDS+=("${word%"|"}") ;;
            *) COMP_WORDS+=("$word") ;;
            esac
        done
        COMP_WORDS[0]=$PROGRAM
        _afterburner 2>/dev/null
        [ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\n" "${COMPREPLY[@]}"' completion "$1" | sort | paste -sd, -
}

report() {
    checks=$((checks + 1))
    [ "$1" = yes ] && return
    failures=$((failures + 1))
    echo "$2" >&2
}

# gives LINE EXPECTED: exactly these, sorted, with commas between.
gives() {
    local got
    got=$(offered "$1")
    report "$([ "$got" = "$2" ] && echo yes)" "$1: offers '$got', expected '$2'"
}

# has LINE WORD...: these are among them.
has() {
    local got line=$1 word
    got=,$(offered "$line"),
    shift
    for word in "$@"; do
        report "$([[ $got == *",$word,"* ]] && echo yes)" "$line: does not offer $word; it offers '$got'"
    done
}

has 'afterburner |' as cc verify sites link run table doctor --help --version
gives 'afterburner ver|' verify
gives 'afterburner --v|' --version
gives 'afterburner nothing|' ''

has 'afterburner verify --|' --bound --json --limit --live --offset --quiet --help
gives 'afterburner verify --bound |' xen
gives 'afterburner verify --bound xen vm|' vmlinux
gives 'afterburner verify --q|' --quiet
has 'afterburner verify |' vmlinux policy folder 'a file'
gives 'afterburner verify vm|' vmlinux
gives 'afterburner verify --json |' 'a file,folder,policy,vmlinux'
gives 'afterburner verify --json=vm|' vmlinux
gives 'afterburner verify --json vmlinux po|' policy
gives 'afterburner verify --limit |' ''
gives 'afterburner verify --live po|' policy
gives 'afterburner verify --offset |' ''

has 'afterburner sites --|' --kind --class --function --section --count --diff --json
has 'afterburner sites --kind |' cli sti mov_to_control enqcmds
gives 'afterburner sites --kind mov_to|' mov_to_control,mov_to_debug,mov_to_segment
gives 'afterburner sites -k cl|' clac,clgi,cli,clrssbsy,clts
gives 'afterburner sites --kind=swap|' swapgs
gives 'afterburner sites --kind=|' "$("$program" table | awk '{ print $1 }' | sort | paste -sd, -)"
gives 'afterburner sites --class P|' PORT
gives 'afterburner sites -c |' "$("$program" table --format json | sed -nE 's/.*"class": "(.*)".*/\1/p' | sort -u | paste -sd, -)"
gives 'afterburner sites --class MSR vm|' vmlinux
gives 'afterburner sites --diff vmlinux vm|' vmlinux
gives 'afterburner sites --function |' ''

has 'afterburner link --|' --output --wedge --wedge-file --explain --allow-unsound --shadow-memory
has 'afterburner link --wedge |' native xen native,xen
gives 'afterburner link --wedge=x|' xen
gives 'afterburner link vmlinux -o po|' policy
gives 'afterburner link --wedge-file po|' policy
gives 'afterburner link vm|' vmlinux

has 'afterburner run --|' --on --initrd --append --timeout --memory --deterministic --interactive --verbose
has 'afterburner run --on |' native xen
gives 'afterburner run --on=nat|' native
gives 'afterburner run --initrd |' 'a file,folder,policy,vmlinux'
gives 'afterburner run --append |' ''
gives 'afterburner run --xen |' 'a file,folder,policy,vmlinux'
gives 'afterburner run --xen-log vm|' vmlinux
gives 'afterburner run --xen-append |' ''
gives 'afterburner run --on native vm|' vmlinux

gives 'afterburner table --format |' json,markdown,samples32,samples64,text
gives 'afterburner table -f s|' samples32,samples64
gives 'afterburner table |' ''
gives 'afterburner doctor --for |' check,demo,kvm,linux,xen,xen-domu
has 'afterburner doctor -|' --for --json --help

has 'afterburner as -|' -o --alternate --MD --noexecstack
gives 'afterburner as vm|' vmlinux
gives 'afterburner as -o vm|' vmlinux

gives 'afterburner cc --p|' --policy
gives 'afterburner cc --policy po|' policy
gives 'afterburner cc --policy=po|' policy
has 'afterburner cc gc|' gcc
has 'afterburner cc --policy policy ccache gc|' gcc
has 'afterburner cc --policy=policy gc|' gcc
gives 'afterburner cc gcc -c vm|' vmlinux

# What the completion has by heart must be what the program takes.
for format in $(offered 'afterburner table --format |' | tr ',' ' '); do
    report "$("$program" table --format "$format" >/dev/null && echo yes)" "table --format $format: not taken"
done
uses=$("$program" doctor --help | tr '\n' ' ' | sed -nE 's/.*USE needs \(([^)]*)\).*/\1/p' | sed -E 's/ or |, */ /g' | tr -s ' ' '\n' | sort | paste -sd, -)
report "$([ "$uses" = "$(offered 'afterburner doctor --for |')" ] && echo yes)" "doctor --for: the program takes '$uses'"

[ $failures -eq 0 ] || { echo "docs/completion: $failures of $checks checks failed" >&2; exit 1; }
echo "docs/completion: $checks checks passed"
