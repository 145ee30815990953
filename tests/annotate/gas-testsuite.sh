#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# gas's own tests of x86, from Debian's source of the installed binutils:
#
#   gas-testsuite.sh off          with AFTERBURNER_MODE=off each of them ends as with plain `as`
#   gas-testsuite.sh annotating   each input that one of them assembles gives, annotated, the same exit code, the same
#                                 messages, and an object that is the plain one once the pads are taken out, but for what
#                                 gas-differences names
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
least_passes=1200 # fewer: not the whole testsuite has run
least_annotated=100

command -v runtest >/dev/null || skip "no dejagnu" "apt-get install dejagnu"
plain_as=$(command -v "${AFTERBURNER_REAL_AS:-as}")
unset AFTERBURNER_MODE AFTERBURNER_POLICY DEJAGNU
export LC_ALL=C

# get_testsuite: sets `testsuite`. Of the source only what the tests consist of is kept.
get_testsuite() {
    local cache=${XDG_CACHE_HOME:-$HOME/.cache}/afterburner/binutils-source package version work
    read -r package version < <(dpkg-query -W -f '${source:Package} ${source:Version}\n' binutils 2>/dev/null)
    [ -n "${version:-}" ] || skip "binutils is not Debian's" "run it on Debian"
    testsuite=$cache/$version/gas/testsuite
    [ ! -d "$cache/$version" ] || return 0
    mkdir -p "$cache"
    work=$(mktemp -d -p "$cache")
    if ! "$SOURCE_DIR/scripts/fetch-source" "$package=$version" "$work/source" >"$WORK_DIR/fetch.log" 2>&1; then
        tail -n 20 "$WORK_DIR/fetch.log" | sed 's/^/# /'
        rm -rf "$work"
        skip "the source of $package $version cannot be had" "scripts/fetch-source $package=$version FOLDER"
    fi
    mkdir -p "$work/kept/gas" "$work/kept/binutils"
    mv "$work/source/gas/testsuite" "$work/kept/gas/"
    mv "$work/source/binutils/testsuite" "$work/kept/binutils/"
    mv -T "$work/kept" "$cache/$version" 2>/dev/null || [ -d "$cache/$version" ] # another run was first
    rm -rf "$work"
}

# run_testsuite FOLDER AS: what each test ended as is in FOLDER/gas.sum.
run_testsuite() {
    mkdir -p "$1"
    (
        cd "$1" || exit
        for machine in build host target; do
            echo "set ${machine}_triplet x86_64-pc-linux-gnu"
        done >site.exp
        # `experimental` is what a release's bfd/development.sh says.
        cat >>site.exp <<END_SITE
set AS "$2"
set LD ld
set NM nm
set OBJDUMP objdump
set OBJCOPY objcopy
set READELF readelf
set SIZE size
set STRIP strip
set ADDR2LINE addr2line
set experimental false
END_SITE
        # Each folder below gas/i386 has a file of one of these names.
        HOME=$PWD runtest --tool gas --srcdir "$testsuite" i386.exp codeview.exp ilp32.exp solaris.exp
    ) >"$1.log" 2>&1
    grep -qx '		=== gas Summary ===' "$1/gas.sum"
}

results() { grep -E '^(PASS|FAIL|XPASS|XFAIL|KPASS|KFAIL|UNRESOLVED|UNTESTED|UNSUPPORTED|ERROR|WARNING)' "$1/gas.sum"; }
count() { results "$1" | grep -c "^$2"; }
same_results() { diff <(results "$1") <(results "$2"); }
figures() { echo "# $1: $(results "$1" | cut -d: -f1 | sort | uniq -c | awk '{ printf "%s%s %s", n++ ? ", " : "", $1, $2 }')"; }

# --- Off ---

run_off() { AFTERBURNER_MODE=off run_testsuite off "$AFTERBURNER_AS" && grep -q "^$AFTERBURNER_AS " off/gas.sum; }

check_off() {
    ok "the testsuite with plain as" run_testsuite plain "$plain_as"
    ok "the testsuite with annotation off" run_off
    figures plain
    figures off
    ok "the whole testsuite has run" test "$(count plain PASS)" -ge $least_passes
    ok "each test ends as with plain as" same_results plain off
}

# --- Annotating ---

# A program that takes the place of `as` and keeps what each call of it was given: the words, standard input, and the
# files of the tests' own making.
make_recorder() {
    cat >recorder <<END_RECORDER
#!/usr/bin/env bash
records='$WORK_DIR/records' plain_as='$plain_as'
END_RECORDER
    cat >>recorder <<'END_RECORDER'
case $* in --help | -version) exec "$plain_as" "$@" ;; esac
number=$(printf '%05d' $(($(ls "$records" | wc -l) + 1)))
mkdir -p "$records/$number/files"
printf '%s\0' "$@" >"$records/$number/words"
cat >"$records/$number/input"
readlink -f /proc/self/fd/0 | grep '[.]s$' >"$records/$number/input-name"
last=
for word; do
    case $word in
    /*) ;;
    *) if [ "$last" != -o ] && [ -f "$word" ]; then cp --parents "$word" "$records/$number/files"; fi ;;
    esac
    last=$word
done
exec "$plain_as" "$@" <"$records/$number/input"
END_RECORDER
    chmod +x recorder
    mkdir -p records
}

# assemble RECORD SIDE AS: makes the recorded call again, in a folder of its own.
assemble() {
    local folder=$WORK_DIR/$2/$1
    mkdir -p "$folder/files"
    cp -r "records/$1/files/." "$folder/files"
    (
        cd "$folder/files" || exit
        [ -z "$output_folder" ] || mkdir -p "$output_folder"
        timeout 120 "$3" "${words[@]}" <"$WORK_DIR/records/$1/input" >../said 2>../errors
        echo $? >../code
    )
}

# read_call RECORD: sets `words`, `output`, the object's name; `output_folder`; `lists`, whether it prints a listing, which is
# not compared; `call`, as it stands in gas-differences.
read_call() {
    local i
    output=a.out output_folder='' lists=no
    mapfile -d '' -t words <"records/$1/words"
    for ((i = 0; i < ${#words[@]}; i++)); do
        case ${words[i]} in
        -o) output=${words[i + 1]} ;;
        -a*) lists=yes ;;
        esac
    done
    case $output in */*) output_folder=${output%/*} ;; esac
    call=$(sed -e "s|$testsuite/gas/||g" -e 's| -o [^ ]*||' -e 's|^  *||' -e 's|  *$||' -e 's|   *| |g' <<<"${words[*]}")
    call="$call$(sed "s|^$testsuite/gas/| <|" "records/$1/input-name")"
    inputs[${call##* }]=1
}

# readable OBJECT: an object of another ABI on the same instructions, as one that compare-streams reads.
readable() {
    case $(od -An -tx1 -j 4 -N 1 "$1" | tr -d ' '),$(od -An -tu2 -j 18 -N 2 "$1" | tr -d ' ') in
    01,62) objcopy -O elf64-x86-64 "$1" "$1.readable" ;; # x32
    01,6) # IAMCU differs from i386 in nothing but the number
        cp "$1" "$1.readable"
        printf '\003\000' | dd of="$1.readable" bs=1 seek=18 conv=notrunc status=none
        ;;
    *) cp "$1" "$1.readable" ;;
    esac
}

compare_objects() {
    local count
    if ! readable "$1" || ! readable "$2"; then
        verdict="object|cannot be read by objcopy"
        return
    fi
    count=$("$AFTERBURNER" sites --count "$2.readable" 2>/dev/null | awk '$1 == "total" { print $2 }')
    changed=$((changed + 1))
    if [ "${count:-0}" -gt 0 ]; then
        annotated=$((annotated + 1))
        sites=$((sites + count))
    fi
    "$TEST_TOOLS/compare-streams" "$1.readable" "$2.readable" >compare.log 2>&1 ||
        verdict="object|$(grep -m 1 -v '^[0-9]* pairs' compare.log | sed "s|^$1.readable and $2.readable: ||")"
}

# judge RECORD: sets `verdict` to what differs, or to nothing.
judge() {
    local plain=plain/$1 ours=ours/$1 code
    verdict=
    assemble "$1" plain "$plain_as"
    assemble "$1" ours "$AFTERBURNER_AS"
    code=$(cat "$plain/code")
    if [ "$code" != "$(cat "$ours/code")" ]; then
        verdict="exit|$code and $(cat "$ours/code"): $(grep -m 1 '^afterburner' "$ours/errors" | sed "s|$testsuite/gas/||g" | cut -c1-200)"
    elif ! cmp -s "$plain/errors" "$ours/errors"; then
        verdict="messages|$(diff "$plain/errors" "$ours/errors" | sed -n 2p)"
    elif [ "$lists" = no ] && ! cmp -s "$plain/said" "$ours/said"; then
        verdict="output|$(diff "$plain/said" "$ours/said" | sed -n 2p)"
    elif [ "$code" != 0 ]; then
        refused=$((refused + 1))
    elif [ ! -e "$plain/files/$output" ] && [ ! -e "$ours/files/$output" ]; then
        without_object=$((without_object + 1))
    elif ! cmp -s "$plain/files/$output" "$ours/files/$output"; then
        compare_objects "$plain/files/$output" "$ours/files/$output"
    else
        same=$((same + 1))
    fi
}

# The lines of gas-differences; CALL|KIND of each; the LINES of one.
entries() { sed -e '/^#/d' -e '/^$/d' "$SOURCE_DIR/tests/annotate/gas-differences"; }
listed() { entries | awk -F ' [|] ' '{ print $1 "|" $2 }' | sort -u; }
lines_of() { entries | awk -F ' [|] ' -v call="$1" -v kind="$2" '$1 == call && $2 == kind { print $3 }'; }
well_formed() { ! entries | grep -vE '^[^|]+ [|] (exit|messages|output|object) [|] [^|]+ [|] [^|]+$'; }
found_kinds() { cut -d'|' -f1,2 found | sort -u; }
nothing_new() { # shows what is new with what is known of it
    local new
    new=$(comm -13 <(listed) <(found_kinds))
    [ -z "$new" ] || { grep -F -e "$new" found; return 1; }
}
nothing_stale() { [ -z "$(comm -23 <(listed) <(found_kinds) | tee /dev/stderr)" ]; }

# judge_rest RECORD LINES: judges without the input's lines that match the expression.
judge_rest() {
    local i
    cp -r "records/$1" "records/$1-rest"
    mkdir "records/$1-rest/source"
    for ((i = 0; i < ${#words[@]}; i++)); do
        case ${words[i]} in
        /*.s)
            sed -E "\\%$2%d" "${words[i]}" >"records/$1-rest/source/${words[i]##*/}"
            words[i]=$WORK_DIR/records/$1-rest/source/${words[i]##*/}
            ;;
        esac
    done
    judge "$1-rest"
}

check_annotating() {
    local calls=0 refused=0 without_object=0 same=0 changed=0 annotated=0 sites=0 record verdict
    local words output output_folder lists call lines
    local -A inputs=()
    make_recorder
    ok "the testsuite with a recorder" run_testsuite recorded "$WORK_DIR/recorder"
    figures recorded
    ok "the whole testsuite has run" test "$(count recorded PASS)" -ge $least_passes
    for record in records/*; do
        record=${record#records/}
        read_call "$record"
        judge "$record"
        calls=$((calls + 1))
        if [ -z "$verdict" ]; then
            rm -rf "plain/$record" "ours/$record" # what differs stays, for who looks into it
        else
            echo "$call|$verdict|$record"
            lines=$(lines_of "$call" "${verdict%%|*}")
            if [ -n "$lines" ]; then
                verdict=$(judge_rest "$record" "$lines"; echo "$verdict") # the figures are not of this
                [ -z "$verdict" ] || echo "$call|rest|$verdict|$record-rest"
            fi
        fi
    done >found
    echo "# $calls calls with ${#inputs[@]} inputs: $refused refused as by plain as," \
        "$same give the same bytes, $changed other bytes;" "$annotated annotated objects have sites, $sites in all"
    ok "sites were made" test $annotated -ge $least_annotated
    ok "the lines of gas-differences are whole" well_formed
    ok "what differs from plain as is in gas-differences" nothing_new
    ok "what is in gas-differences differs" nothing_stale
}

get_testsuite
case ${1:-} in
off) check_off ;;
annotating) check_annotating ;;
*) echo "usage: gas-testsuite.sh off|annotating" >&2; exit 2 ;;
esac
finish
