# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Shared by ./demo and ./check: installing, steps with progress, the exact command when one fails.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/afterburner
log_folder=$root/build/logs
started=$SECONDS
running= # the background command, if any: it ends with us
trap '[ -z "$running" ] || kill "$running" 2>/dev/null' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$log_folder"

say() { printf '%s\n' "$*"; }

# What each use needs from Debian. The annotator's own libraries come first.
packages_build="gcc g++ libc6-dev make cmake ninja-build pkg-config binutils-dev libcapstone-dev libzydis-dev libxxhash-dev
    libjansson-dev libcmocka-dev zlib1g-dev"
packages_run="qemu-system-x86 cpio"
packages_linux="linux-source-6.1 xz-utils bc flex bison libelf-dev libssl-dev busybox-static cpio kmod rsync perl"
packages_check="gdb clang clang-format clang-tidy llvm libclang-rt-14-dev ccache shellcheck strace hyperfine
    mandoc grub-pc-bin grub-efi-amd64-bin grub-common xorriso mtools ovmf debootstrap dpkg-dev dejagnu libxml2-utils
    lib32gcc-12-dev libc6-dev-i386"

packages_breadth="clang-19 lld-19 llvm-19"

# install_packages PACKAGE...: installs the missing ones.
install_packages() {
    local missing=() package sudo=()

    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || { say "missing: ${missing[*]}; as root: apt-get install ${missing[*]}" >&2; exit 5; }
        sudo=(sudo)
    fi
    step "installing ${missing[*]}" install.log bash -c '"$@" apt-get update && exec "$@" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends '"${missing[*]}" - "${sudo[@]}"
}

# step TEXT LOG COMMAND...: runs a command with its output in a log; shows that it goes on, how long it took, and, when it
# fails, the command and the end of the log.
step() {
    local text=$1 log=$log_folder/$2 from=$SECONDS code=0 pid last=0
    shift 2

    printf '%s ... ' "$text"
    "$@" >"$log" 2>&1 &
    pid=$! running=$!
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.2
        if [ $((SECONDS - from - last)) -ge 30 ]; then
            last=$((SECONDS - from))
            printf '%s s ... ' "$last"
        fi
    done
    wait "$pid" || code=$?
    running=
    if [ "$code" -eq 0 ]; then
        say "done, $((SECONDS - from)) s"
        return 0
    fi
    say "FAILED (exit code $code)"
    say "the command was:$(printf ' %q' "$@")"
    say "the end of $log:"
    tail -n 30 "$log"
    exit 1
}

# get_lists PACKAGE: a fresh machine has no lists of packages, and only root gets them.
get_lists() {
    ! apt-cache show "$1" >/dev/null 2>&1 || return 0
    if [ "$(id -u)" -eq 0 ]; then
        step "updating the lists of packages" apt-update.log apt-get update
    elif command -v sudo >/dev/null; then
        step "updating the lists of packages" apt-update.log sudo apt-get update
    fi
}

# get_xen: the hypervisor for `afterburner run --on xen`, unless this machine has one.
get_xen() {
    local folder=$cache/xen
    [ -z "${AFTERBURNER_XEN:-}" ] && ! compgen -G '/boot/xen-*-amd64.gz' >/dev/null && [ ! -s "$folder/xen-4.17-amd64.gz" ] || return 0
    get_lists xen-hypervisor-4.17-amd64
    step "fetching Xen" xen.log "$root/scripts/fetch-xen" "$folder"
}

# get_dom0: Xen's first domain for `afterburner run --on xen-domu`.
get_dom0() {
    local folder=$cache/xen-dom0
    # Another of our own versions may have made it.
    [ -z "${AFTERBURNER_DOM0:-}" ] && ! cat "$root"/scripts/{fetch-dom0,dom0-init} | sha256sum | cmp -s - "$folder/made-by" || return 0
    get_lists xen-utils-4.17
    step "fetching Xen's first domain" dom0.log "$root/scripts/fetch-dom0" "$folder"
}

# build_release: the program as it is installed, in build/release; sets $afterburner.
build_release() {
    afterburner=$root/build/release/afterburner/afterburner
    step "configuring" configure.log cmake -S "$root" --preset release
    step "building afterburner" build.log cmake --build "$root/build/release"
    export AFTERBURNER=$afterburner
}

# build_linux VARIANT: shows progress from the build script; sets linux_VARIANT to the folder and cached_VARIANT.
build_linux() {
    local variant=$1 log=$log_folder/linux-$1.log from=$SECONDS pid line last='' shown=0 code=0
    local answers=$log_folder/linux-$1.answers

    say "Linux 6.1, $variant:"
    "$root/examples/linux/build" --variant "$variant" --keep-objects >"$answers" 2>"$log" &
    pid=$! running=$!
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.5
        line=$(tail -n 1 "$log" | sed 's/^linux: //')
        if [ "$line" != "$last" ] && { [ $((SECONDS - shown)) -ge 30 ] || [[ $line != *objects* ]]; }; then
            say "  $line"
            last=$line
            shown=$SECONDS
        fi
    done
    wait "$pid" || code=$?
    running=
    if [ "$code" -ne 0 ]; then
        say "FAILED (exit code $code)"
        say "the command was: AFTERBURNER=$AFTERBURNER $root/examples/linux/build --variant $variant --keep-objects"
        tail -n 30 "$log"
        exit 1
    fi
    printf -v "linux_$variant" '%s' "$(sed -n 's/^OUTPUT=//p' "$answers")"
    printf -v "cached_$variant" '%s' "$(sed -n 's/^CACHED=//p' "$answers")"
    say "  done, $((SECONDS - from)) s$(grep -q '^CACHED=yes' "$answers" && echo ' (cached)')"
}
