# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# For test scripts: counts checks, prints KTAP, ends with the right exit code. Sourced with the environment that CTest
# sets: AFTERBURNER (the program), AFTERBURNER_AS (its `as`), SOURCE_DIR, WORK_DIR.
set -u
: "${AFTERBURNER:?}" "${AFTERBURNER_AS:?}" "${SOURCE_DIR:?}" "${WORK_DIR:?}"
rm -rf "$WORK_DIR"
mkdir -p "$WORK_DIR"
cd "$WORK_DIR" || exit 2
checks=0
failures=0

# ok NAME COMMAND...: the command must succeed; its output is shown when it does not.
ok() {
    local name=$1
    shift
    checks=$((checks + 1))
    if "$@" >check.log 2>&1; then
        echo "ok $checks - $name"
    else
        echo "not ok $checks - $name"
        echo "# failed: $*"
        tail -n 40 check.log | sed 's/^/# /'
        failures=$((failures + 1))
    fi
}

# code N COMMAND...: the command must end with exit code N.
code() {
    local expected=$1 got=0
    shift
    "$@" || got=$?
    [ "$got" -eq "$expected" ] || { echo "exit code $got, expected $expected"; return 1; }
}

# skip REASON HOW: ends the whole test as skipped (CTest reads 77).
skip() {
    echo "1..0 # SKIP $1; to run it: $2"
    exit 77
}

# build_linux VARIANT [OPTION...]: a kernel by examples/linux, made first if it is not in the cache. Sets OUTPUT, OBJECTS and
# SOURCE_VERSION, or ends the test: as skipped when the build is not finished in the --minutes it was given.
# shellcheck disable=SC2034  # for the caller
build_linux() {
    local code=0
    "$SOURCE_DIR/examples/linux/build" --variant "$@" --keep-objects >answers 2>build.log || code=$?
    [ $code -ne 75 ] || skip "not finished: $(tail -n 1 build.log)" "./check --full once more, which goes on"
    [ $code -eq 0 ] || { tail -n 20 build.log; exit 1; }
    OUTPUT=$(sed -n 's/^OUTPUT=//p' answers)
    OBJECTS=$(sed -n 's/^OBJECTS=//p' answers)
    SOURCE_VERSION=$(sed -n 's/^SOURCE_VERSION=//p' answers)
    echo "# $1: $OUTPUT ($(sed -n 's/^CACHED=/cached: /p' answers))"
}

finish() {
    echo "1..$checks"
    [ "$checks" -gt 0 ] || { echo "# no check was made"; exit 1; }
    [ "$failures" -eq 0 ]
    exit
}
