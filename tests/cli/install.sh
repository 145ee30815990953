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
ok "as is a link within the prefix" bash -c '[ "$(readlink "$0/libexec/afterburner/as")" = ../../bin/afterburner ]' "$prefix"
ok "the manifest has it" grep -qx "$prefix/libexec/afterburner/as" "$build/install_manifest.txt"
ok "the examples are installed" test -x "$prefix/share/doc/afterburner/examples/linux/build"

# pkg-config, where the installation was moved to.
mv prefix moved
export PKG_CONFIG_PATH=$PWD/moved/share/pkgconfig
ok "pkg-config: the version" bash -c '[ "afterburner $(pkg-config --modversion afterburner)" = "$(moved/bin/afterburner --version)" ]'
printf '#include <afterburn/record.h>\nint main(void) { return sizeof(struct afterburn_record) == 0; }\n' >program.c
ok "pkg-config: a program with the headers" bash -c 'gcc -Wall -Wextra -Werror $(pkg-config --cflags afterburner) program.c -o program && ./program'
printf 'void f(void) { __asm__ volatile("cli"); }\n' >site.c
ok "pkg-config: gcc -B its libexecdir" bash -c 'gcc -B"$(pkg-config --variable=libexecdir afterburner)" -c site.c &&
    moved/bin/afterburner sites --count site.o | grep -qx "total *1"'
for variable in prefix includedir wedge gdb_script linux_policy; do
    ok "pkg-config: $variable" bash -c '[[ $(realpath -e "$(pkg-config --variable="$0" afterburner)") == $PWD/moved* ]]' "$variable"
done
finish
