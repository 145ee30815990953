# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# What the scripts of this folder say. Progress goes to stderr: stdout carries KEY=VALUE lines only.

say() {
    printf 'linux: %s\n' "$*" >&2
}

# One message: what, where, what to do.
die() {
    printf 'linux: error: %s\n' "$1" >&2
    shift
    local line
    for line in "$@"; do
        printf 'linux:        %s\n' "$line" >&2
    done
    exit 1
}

need() {
    local program=$1 package=$2
    command -v "$program" >/dev/null ||
        die "the program '$program' is missing" "install it: apt-get install $package"
}

hash_of_file() {
    sha256sum -- "$1" | cut -d ' ' -f 1
}

hash_of_stdin() {
    sha256sum | cut -d ' ' -f 1
}

# with_progress SECONDS LOG FUNCTION COMMAND...: runs COMMAND with its output appended to LOG and
# every SECONDS says what `FUNCTION ELAPSED` prints. Gives COMMAND's status.
with_progress() {
    local interval=$1 log=$2 describe=$3
    shift 3
    local started=$SECONDS last=$SECONDS
    # A process group of its own, so that an interrupted script can end the whole tree.
    set -m
    "$@" >>"$log" 2>&1 </dev/null &
    running=$!
    set +m
    while kill -0 "$running" 2>/dev/null; do
        sleep 0.5
        if ((SECONDS - last >= interval)); then
            last=$SECONDS
            say "$("$describe" $((SECONDS - started)))"
        fi
    done
    local status=0
    wait "$running" || status=$?
    running=
    return "$status"
}
