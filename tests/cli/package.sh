#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The Debian package: what cpack puts into it; that it installs on a clean Debian 12, works there with what its Depends bring,
# and leaves nothing when it is removed.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
build=$(dirname "$TEST_TOOLS")
suite=bookworm

cache=${XDG_CACHE_HOME:-$HOME/.cache}/afterburner/debootstrap
root=$PWD/root
# The machine's own mirror.
mirror=$(awk '$1 == "URIs:" { print $2; exit }' /etc/apt/sources.list.d/debian.sources 2>/dev/null)
[ -n "$mirror" ] || mirror=$(awk '$1 == "deb" && $2 ~ /^http/ { print $2; exit }' /etc/apt/sources.list 2>/dev/null)
[ -n "$mirror" ] || mirror=http://deb.debian.org/debian

# The test itself runs in a mount and process namespace of its own, which ends with this process, however that ends: then no
# mount and no process is left, and what is on the disk can be removed.
outside() {
    local program package
    [ "$(id -u)" -eq 0 ] || skip "debootstrap and chroot are root's" "sudo ctest --test-dir $build -R '^cli.package\$'"
    while read -r program package; do
        command -v "$program" >/dev/null || skip "$program is missing" "apt-get install $package"
    done <<'END'
cpack cmake
dpkg-shlibdeps dpkg-dev
debootstrap debootstrap
unshare util-linux
setpriv util-linux
END
    /usr/lib/apt/apt-helper download-file "$mirror/dists/$suite/Release" release >/dev/null 2>&1 ||
        skip "$mirror cannot be reached" "apt-get update, until it can"
    unshare --mount --pid --fork true 2>/dev/null || skip "no namespaces here" "a machine or container with CAP_SYS_ADMIN"
    trap cleanup EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    PACKAGE_TEST=$$ setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child "$0" &
    child=$!
    wait "$child"
    exit
}
cleanup() {
    kill -KILL "$child" 2>/dev/null
    wait "$child" 2>/dev/null
    cd / || return
    for _ in 1 2 3; do # until the last of its processes is gone
        rm -rf --one-file-system "$root" "$cache/unfinished.$$" 2>/dev/null && break
        sleep 1
    done
}
[ -n "${PACKAGE_TEST:-}" ] || outside
unfinished=$cache/unfinished.$PACKAGE_TEST
mkdir -p "$cache/archives/partial" "$root"

# --- What is in it.
version=$(sed -n 's/^project(afterburner VERSION \([0-9.]*\).*/\1/p' "$SOURCE_DIR/CMakeLists.txt")
# A umask that the package must not have; cpack in the build folder makes it, too.
make_package() { (umask 077; cpack --config "$build/CPackConfig.cmake" -B "$PWD/package"); }
ok "cpack makes a package" make_package
package=$PWD/package/afterburner_${version}_$(dpkg --print-architecture).deb
ok "its name has the project's version" test -s "$package"
field() { dpkg-deb --field "$package" "$1"; }
is() { [ "$1" = "$2" ] || { echo "'$1' is not '$2'"; return 1; }; }
ok "Package" is "$(field Package)" afterburner
ok "Version" is "$(field Version)" "$version"
ok "Section" is "$(field Section)" devel
ok "Recommends" is "$(field Recommends)" "qemu-system-x86, gcc | clang"
ok "Suggests" is "$(field Suggests)" "gdb, ccache"
ok "Maintainer: a name and an address" bash -c '[[ "$0" =~ ^[^\<]+\ \<[^@]+@[^@]+\>$ ]]' "$(field Maintainer)"
ok "Description: a line and paragraphs" bash -c '[ "$(wc -l <<<"$0")" -gt 5 ]' "$(field Description)"
depends=$(field Depends)
for name in binutils libbinutils libc6 libcapstone libjansson libxxhash libzydis zlib1g; do
    ok "Depends has $name" grep -qE "(^|, )${name}[0-9.]*( |,|\$)" <<<"$depends"
done
ok "no scripts to run: only files" bash -c '! dpkg-deb --ctrl-tarfile "$0" | tar -t | grep -vxE "\./(control|md5sums)?"' "$package"
dpkg-deb --contents "$package" >contents
ok "everything is root's, for all to read, and for root alone to write" bash -c \
    '! grep -vE "^(-rw-r--r--|-rwxr-xr-x|drwxr-xr-x|lrwxrwxrwx) root/root " contents'
ok "everything is in /usr" bash -c '! awk "{ print \$6 }" contents | grep -v "^\./usr/"'
mkdir unpacked && dpkg-deb --extract "$package" unpacked && dpkg-deb --control "$package" control
ok "checksums" bash -c 'cd unpacked && md5sum --quiet -c ../control/md5sums'
ok "checksums of all files" bash -c '[ "$(find unpacked -type f | wc -l)" -eq "$(wc -l <control/md5sums)" ]'
ok "as is a link that leads to the program" is "$(readlink unpacked/usr/libexec/afterburner/as)" ../../bin/afterburner
ok "the program is stripped" bash -c '! readelf -SW unpacked/usr/bin/afterburner | grep -E "\.symtab|\.debug"'
ok "the wedge has what gdb wants of it" bash -c 'readelf -SW unpacked/usr/lib/afterburner/wedge.elf | grep -q "\.debug_info"'
doc=unpacked/usr/share/doc/afterburner
for file in bin/afterburner lib/afterburner/wedge.elf share/afterburner/gdb/wedge.py share/afterburner/linux/policy \
    share/bash-completion/completions/afterburner share/pkgconfig/afterburner.pc include/afterburn/record.h \
    share/doc/afterburner/copyright share/doc/afterburner/record-format.md; do
    ok "$file" test -s "unpacked/usr/$file"
done
for page in "$SOURCE_DIR"/docs/man/*.[17]; do
    ok "$(basename "$page"), compressed" bash -c 'gzip -dc unpacked/usr/share/man/man?/"$(basename "$0").gz" | cmp - "$0"' "$page"
done
ok "the changelog begins with this version" bash -c 'gzip -dc "$0/changelog.gz" >changelog && [ "$(dpkg-parsechangelog -l changelog -S Version)" = "$1" ]' "$doc" "$version"
ok "copyright: both licences" bash -c 'grep -qx "License: GPL-3.0-or-later" "$0/copyright" && grep -qx "License: BSD-2-Clause" "$0/copyright"' "$doc"
ok "copyright: BSD-2-Clause is what LICENSES has" bash -c 'sed -n "/^ Redistribution/,\$p" "$0/copyright" | sed "s/^ //; s/^\.\$//" | diff - <(sed -n "/^Redistribution/,\$p" "$1")' "$doc" "$SOURCE_DIR/LICENSES/BSD-2-Clause.txt"
if git -C "$SOURCE_DIR" rev-parse --git-dir >/dev/null 2>&1; then
    (cd "$SOURCE_DIR" && git ls-files examples | grep -v '/\.' | sort) >examples.source
    (cd "$doc" && find examples -type f | sort) >examples.package
    ok "the examples are those of the source" diff examples.source examples.package
fi

# --- A clean Debian: made once, and kept in the cache under a name of what decides it.
tarball=$cache/$(printf '%s\n' "$suite" minbase "$mirror" "$(dpkg --print-architecture)" "$(debootstrap --version)" | sha256sum | cut -c 1-16).tar.gz
make_tarball() {
    rm -rf --one-file-system "$cache"/unfinished.* # of others who were killed: who has the lock is alone
    mkdir "$unfinished" || return 1
    debootstrap --variant=minbase "$suite" "$unfinished/root" "$mirror" || { tail -n 5 "$unfinished/root/debootstrap/debootstrap.log"; return 1; }
    rm -f "$unfinished"/root/var/cache/apt/archives/*.deb
    tar -C "$unfinished/root" --one-file-system --numeric-owner -I 'gzip -1' -cf "$unfinished/root.tar.gz" . &&
        mv "$unfinished/root.tar.gz" "$tarball" && rm -rf --one-file-system "$unfinished"
}
unpack_root() {
    # To the end: apt-get does not wait for another that has the packages it fetched.
    exec 9>"$cache/lock" && flock 9 || return 1
    [ -s "$tarball" ] || make_tarball || return 1
    tar -C "$root" --numeric-owner -xf "$tarball" &&
        mount -t proc proc "$root/proc" && mount --bind "$cache/archives" "$root/var/cache/apt/archives" || return 1
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" && chmod +x "$root/usr/sbin/policy-rc.d" || return 1
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    # With the machine's updates: what the package was built with may come from there.
    if [ -e /etc/apt/sources.list.d/debian.sources ]; then
        rm -f "$root/etc/apt/sources.list" && cp /etc/apt/sources.list.d/debian.sources "$root/etc/apt/sources.list.d/"
    fi
    cp "$package" "$root/tmp/afterburner.deb"
}
# essential NAME COMMAND...: a check without which the rest makes no sense.
essential() {
    local before=$failures
    ok "$@"
    [ "$failures" -eq "$before" ] || finish
}
essential "a clean Debian" unpack_root

inside() {
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive \
        ${http_proxy:+"http_proxy=$http_proxy"} "$@"
}
get() { inside apt-get -q -y --no-install-recommends install "$@"; }
essential "its lists of packages" inside apt-get -q update
ok "it has nothing of ours, and no GNU as" inside bash -c '[ -z "$(find / -xdev -iname "*afterburn*" ! -path "/tmp/*")" ] && ! command -v as'
essential "the package installs" get /tmp/afterburner.deb
inside dpkg -L afterburner >installed

# --- It works with what its Depends brought.
ok "--version" is "$(inside afterburner --version)" "afterburner $version"
ok "as --version: GNU as's first line, then ours" inside bash -c \
    'cmp <(afterburner as --version) <(as --version; echo "afterburner $0, annotator $(afterburner --annotator-hash)")' "$version"
ok "as annotates" inside bash -c 'cd /tmp && printf "cli\nsti\n" | afterburner as - -o two.o && afterburner sites --count two.o | grep -qx "total *2"'
ok "as by its link" inside bash -c 'cd /tmp && printf "cli\nsti\n" >two.s && afterburner as two.s -o two.o && mv two.o one.o && /usr/libexec/afterburner/as two.s -o two.o && cmp one.o two.o'
ok "table" inside bash -c 'afterburner table | grep -q "^cli "'

# --- And with a compiler.
essential "gcc, make and pkg-config install beside it" get gcc libc6-dev make pkg-config
ok "hello-kernel, annotated, from the examples" inside make -s -C /usr/share/doc/afterburner/examples/hello-kernel O=/tmp/hello \
    "CC=afterburner cc --policy policy gcc"
ok "verify" inside afterburner verify /tmp/hello/hello-kernel.elf
ok "link with the wedge" inside afterburner link /tmp/hello/hello-kernel.elf -o /tmp/hello.image
ok "verify --bound xen" inside afterburner verify --bound xen /tmp/hello.image
if command -v qemu-system-x86_64 >/dev/null; then
    ok "the image boots" timeout 60 "$AFTERBURNER" run --on native "$root/tmp/hello.image"
fi
ok "pkg-config: the file is valid" inside pkg-config --validate afterburner
ok "pkg-config: the version" is "$(inside pkg-config --modversion afterburner)" "$version"
ok "pkg-config: no flags for what the compiler finds by itself" is "$(inside pkg-config --cflags afterburner | tr -d ' \n')" ""
for variable in prefix includedir libexecdir wedge gdb_script linux_policy; do
    ok "pkg-config: $variable is there" inside bash -c 'path=$(pkg-config --variable="$0" afterburner) && [[ $path == /usr* ]] && test -e "$path"' "$variable"
done
for header in "$SOURCE_DIR"/afterburner/include/afterburn/*.h; do
    ok "pkg-config: a program with <afterburn/${header##*/}>" inside bash -c \
        'cd /tmp && printf "#include <%s>\nint main(void) { return 0; }\n" "afterburn/$0" >program.c &&
            gcc -Wall -Wextra -Werror $(pkg-config --cflags afterburner) program.c -o program && ./program' "${header##*/}"
done
ok "pkg-config: a record's size, by the header" inside bash -c 'cd /tmp && printf "#include <stdio.h>\n#include <afterburn/record.h>\nint main(void) { printf(\"%%zu\\\\n\", sizeof(struct afterburn_record)); }\n" >size.c && gcc -Wall -Werror $(pkg-config --cflags afterburner) size.c -o size && [ "$(./size)" -gt 0 ]'
ok "pkg-config: gcc -B its libexecdir" inside bash -c \
    'cd /tmp && printf "void f(void) { __asm__ volatile(\"cli\"); }\n" >f.c && gcc -B"$(pkg-config --variable=libexecdir afterburner)" -c f.c && afterburner sites --count f.o | grep -qx "total *1"'

# --- Removed, nothing of it is left.
ok "the package is removed" inside apt-get -q -y purge afterburner
left() {
    local path found=0
    while read -r path; do
        if [ -L "$root$path" ] || { [ -e "$root$path" ] && [ ! -d "$root$path" ]; }; then
            echo "$path"
            found=1
        fi
    done <installed
    [ -s installed ] && [ "$found" -eq 0 ]
}
ok "its files are gone" left
ok "its folders, too" inside bash -c 'found=$(find / -xdev -iname "*afterburn*" ! -path "/tmp/*") && [ -z "$found" ] || { echo "$found"; exit 1; }'
inside apt-get -q autoclean >/dev/null
finish
