#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `afterburner as` killed at every system call with which it or GNU as touches files: under the output's name is what was
# there before, or the complete object, never a part. What is left beside it may only have a name with a dot in front.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
command -v strace >/dev/null || skip "strace is missing" "apt-get install strace"
strace -o /dev/null true 2>/dev/null || skip "this machine does not let strace trace" "docker run --cap-add=SYS_PTRACE, or sysctl kernel.yama.ptrace_scope=0"

# All that make, fill, name or shut a file; strace passes over (?) those that a kernel does not have.
calls="openat open creat memfd_create mmap munmap write writev pwrite64 copy_file_range sendfile ftruncate fallocate fchmod
    chmod fchmodat fchown fsync fdatasync rename renameat renameat2 link linkat unlink unlinkat symlink symlinkat close
    vfork fork clone clone3 execve wait4 exit_group"
printf 'f:\tcli\n\tnop\n\tsti\n\tret\n' >two.s
"$AFTERBURNER_AS" two.s -o whole.o
printf 'the old object\n' >old
mkdir at

# Dies at each system call in turn, with nothing and with an old file under the output's name. Says to `kills`
# at which ones it died, to `wrong` what was wrong.
kill_everywhere() {
    local call number before follow
    for call in $calls; do
        for before in nothing old; do
            for follow in -f ""; do # GNU as, too, or afterburner alone: else GNU as dies first of the two
                number=0
                while :; do
                    number=$((number + 1))
                    rm -rf at
                    mkdir at
                    [ $before = nothing ] || cp old at/object.o
                    # shellcheck disable=SC2086  # no word when empty
                    strace $follow -qq -o trace -e trace="?$call" -e inject="?$call:signal=KILL:when=$number" \
                        "$AFTERBURNER_AS" --MD at/object.d two.s -o at/object.o 2>/dev/null
                    grep -q 'killed by SIGKILL' trace || break
                    echo "$call${follow:+ with children}" >>kills
                    check_left "$call$follow number $number, $before before" $before
                done
                cmp -s at/object.o whole.o || echo "$call: not complete though nothing was killed" >>wrong
            done
        done
    done
}

check_left() {
    local file
    if [ -e at/object.o ]; then
        cmp -s at/object.o whole.o || { [ "$2" = old ] && cmp -s at/object.o old; } || echo "$1: a part of an object" >>wrong
    else
        [ "$2" = nothing ] || echo "$1: the old object is gone" >>wrong
    fi
    if [ -e at/object.d ]; then
        cmp -s at/object.d whole.d ||
            echo "$1: $(head -c 60 at/object.d)" >>dependencies
    fi
    for file in at/* at/.[!.]*; do
        case $file in
        at/object.o | at/object.d | 'at/*' | 'at/.[!.]*') ;;
        at/.*) echo "$1: $file" >>dotted ;;
        *) echo "$1: $file" >>strays ;;
        esac
    done
}
touch kills wrong strays dotted dependencies
"$AFTERBURNER_AS" --MD at/object.d two.s -o at/object.o
cp at/object.d whole.d
# shellcheck disable=SC2086  # words
all=$(printf '?%s,' $calls)
strace -f -qq -o made -e trace="${all%,}" "$AFTERBURNER_AS" --MD at/object.d two.s -o at/object.o
calls=$(grep -oE '^[0-9]+ +[a-z0-9_]+\(' made | tr -dc 'a-z0-9_\n ' | awk '{ print $2 }' | sort -u)
kill_everywhere 2>/dev/null
sort kills | uniq -c | sort -rn | sed 's/^ */# killed at /'
ok "it was killed in many places: $(wc -l <kills)" test "$(wc -l <kills)" -gt 100
ok "and where the object gets its name" grep -qE '^(rename|renameat|renameat2|link|linkat)$' kills
ok "under the output's name: what was there, or the complete object" bash -c 'cat wrong; test ! -s wrong'
ok "under the dependency file's: nothing, or the complete one" bash -c 'head -n 5 dependencies; test ! -s dependencies'
ok "no stray file but with a dot name ($(wc -l <dotted) of those)" bash -c 'head -n 5 strays; test ! -s strays'

# File systems that are not as usual, by errors that strace puts in.
ok "a file system without hard links" strace -f -o /dev/null -e inject=linkat:error=EPERM "$AFTERBURNER_AS" two.s -o linked.o
ok "its object is whole" cmp linked.o whole.o
ok "a disk that is full at close" bash -c '
    n=$(strace -o trace -e trace=dup,close,linkat "$0" two.s -o full.o && sed -n "/^dup(/,/^close(/p" trace | wc -l); test "$n" -ge 2
    when=$(sed "/^dup(/q" trace | grep -c "^close(")
    rm -f full.o; strace -o /dev/null -e inject=close:error=ENOSPC:when=$((when + 1)) "$0" two.s -o full.o 2>said
    test $? -eq 4 && grep -q "full.o: cannot be written: No space" said && test ! -e full.o' "$AFTERBURNER_AS"
finish
