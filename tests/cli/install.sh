#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# An installed program works with the checkout and the build folder out of reach.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
build=$(dirname "$TEST_TOOLS")
prefix=$PWD/prefix
ok "cmake --install" cmake --install "$build" --prefix "$prefix"
cp -r "$SOURCE_DIR/examples/hello-kernel" hello

# Runs a command where the checkout and the build folder are empty folders.
away() {
    # shellcheck disable=SC2016  # expanded by the inner shell
    unshare -rm bash -c 'mkdir -p /tmp/afterburner-kept-$$ && mount --bind "$1" /tmp/afterburner-kept-$$ &&
        mount -t tmpfs none "$2" && cd /tmp/afterburner-kept-$$ && shift 2 && PATH=$PWD/prefix/bin:$PATH "$@"
        code=$?; cd /; umount /tmp/afterburner-kept-$$; rmdir /tmp/afterburner-kept-$$; exit $code' - "$PWD" "$SOURCE_DIR" "$@"
}
ok "it runs" away afterburner --version
ok "it annotates a kernel" away make -s -C hello O=out "CC=afterburner cc --policy policy gcc"
ok "it verifies it" away afterburner verify hello/out/hello-kernel.elf
ok "it boots it" away afterburner run --on native hello/out/hello-kernel.elf
for page in "$SOURCE_DIR"/docs/man/*.[17]; do
    ok "$(basename "$page") is installed" bash -c 'ls "$0"/share/man/man?/"$1"*' "$prefix" "$(basename "$page")"
done
ok "bash completion is installed" test -e "$prefix/share/bash-completion/completions/afterburner"
ok "the policy for Linux is installed" test -e "$prefix/share/afterburner/linux/policy"
ok "the headers are installed" test -e "$prefix/include/afterburn/record.h"
finish
