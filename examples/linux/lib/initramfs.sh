# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The variables belong to the including script.
# shellcheck disable=SC2034,SC2154
#
# The initramfs: busybox, this folder's scripts, a kernel's modules. Equal inputs give equal bytes.
# Needs lib/messages.sh and the variables `here` and `busybox`.

describe_initramfs() {
    local file
    for file in "$here/lib/initramfs.sh" "$here/initramfs/init" "$here/initramfs/workload" \
        "$here/initramfs/module-test" "$busybox"; do
        hash_of_file "$file"
    done
}

# module_order DIR: a sorted line per module: its name, then what it depends on in load order.
module_order() (
    local directory=$1 file name
    declare -A depends closure
    for file in "$directory"/*.ko; do
        name=$(basename "$file" .ko)
        depends[$name]=$(readelf --string-dump=.modinfo "$file" |
            sed -n 's/^ *\[ *[0-9a-f]*\] *depends=//p' | tr ',' ' ')
    done
    resolve() {
        local module=$1 needed="" dependency
        [ -z "${closure[$module]+set}" ] || return 0
        for dependency in ${depends[$module]}; do
            [ -e "$directory/$dependency.ko" ] ||
                die "module $module needs $dependency, which was not built" "check modules.config"
            resolve "$dependency"
        done
        for dependency in ${depends[$module]}; do
            needed+=" ${closure[$dependency]} $dependency"
        done
        closure[$module]=$(tr ' ' '\n' <<<"$needed" | awk 'NF && !seen[$0]++' | paste -s -d ' ')
    }
    for name in "${!depends[@]}"; do
        resolve "$name"
    done
    for name in "${!depends[@]}"; do
        printf '%s %s\n' "$name" "${closure[$name]}"
    done | sed 's/ $//' | LC_ALL=C sort
)

# make_initramfs MODULES-DIR SCRATCH-DIR OUTPUT
make_initramfs() {
    local modules=$1 root=$2/root output=$3 applet
    rm -rf "$root"
    mkdir -p "$root"/{bin,dev,etc,modules,proc,sys,tmp}
    cp "$busybox" "$root/bin/busybox"
    for applet in $("$busybox" --list); do
        [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
    done
    ln -s bin "$root/sbin"
    printf 'root:x:0:0:root:/:/bin/sh\n' >"$root/etc/passwd"
    printf 'root:x:0:\n' >"$root/etc/group"
    cp "$here"/initramfs/{init,workload,module-test} "$root/"
    cp "$modules"/*.ko "$root/modules/"
    module_order "$modules" >"$root/modules/load-order"

    find "$root" -type d -exec chmod 0755 {} +
    find "$root" -type f -exec chmod 0644 {} +
    chmod 0755 "$root"/{init,workload,module-test,bin/busybox}
    find "$root" -exec touch --no-dereference --date=@1640995200 {} +
    (cd "$root" && find . -print0 | LC_ALL=C sort -z |
        cpio --null --create --format=newc --reproducible --owner=+0:+0 --quiet) |
        gzip --no-name -9 >"$output"
    rm -rf "$root"
}
