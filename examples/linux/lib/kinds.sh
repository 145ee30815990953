# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The variables belong to the including script.
# shellcheck disable=SC2034,SC2154
#
# The kinds of Linux that can be built. Needs lib/messages.sh, lib/packages.sh and the variable `here`.

# set_kind KIND: sets kernel_arch (of kbuild), kernel_compiler, compiler_programs (what decides the
# objects, each with its package), kernel_words (for make), config_base (a target of make, or
# debian) and config_fragments.
set_kind() {
    kernel_arch=x86_64
    kernel_compiler=gcc
    compiler_programs=("gcc gcc" "as binutils" "ld binutils")
    kernel_words=()
    config_base=tinyconfig
    config_fragments=("$here"/{guest,kernel,modules}.config)
    case $1 in
    x86_64) ;;
    i386)
        kernel_arch=i386
        config_fragments+=("$here/kinds/i386.config")
        ;;
    smp) config_fragments+=("$here/kinds/smp.config") ;;
    clang)
        kernel_compiler=clang-19
        compiler_programs=("clang-19 clang-19" "as binutils" "ld.lld-19 lld-19"
            "llvm-ar-19 llvm-19")
        # Assembled by GNU as, which is what the annotator stands in for.
        kernel_words=(LLVM=-19 LLVM_IAS=0)
        ;;
    debian)
        config_base=debian
        config_fragments=("$here/kinds/debian.config")
        ;;
    *) die "no kind of Linux is called '$1'" "one of: x86_64 i386 smp clang debian" ;;
    esac
}

# prepare_base_config: with Debian's, fetches it; sets base_config to the file, or to nothing.
prepare_base_config() {
    local package=linux-config-${source_package#linux-source-} scratch
    base_config=
    [ "$config_base" = debian ] || return 0
    base_config=$cache/source/$source_version/debian.config
    [ ! -s "$base_config" ] || return 0
    scratch=$(mktemp -d -p "$cache/source")
    unfinished=$scratch
    fetch_package "$package=$source_version" amd64 "$scratch" ||
        die "cannot download $package $source_version" "$(tail -n 1 "$scratch/apt.log")"
    xz --decompress --stdout "$scratch/root/usr/src/$package/config.amd64_none_amd64.xz" \
        >"$scratch/config"
    mv "$scratch/config" "$base_config"
    rm -rf "$scratch"
    unfinished=
}

# prepare_busybox: sets busybox to a static one that the kernel can run.
prepare_busybox() {
    local scratch
    busybox=/bin/busybox
    if [ "$kernel_arch" != i386 ]; then
        [ -x "$busybox" ] ||
            die "$busybox is missing" "install it: apt-get install busybox-static"
        ! ldd "$busybox" >/dev/null 2>&1 ||
            die "$busybox is not static" "install it: apt-get install busybox-static"
        return
    fi
    busybox=$cache/busybox-i386/busybox
    [ ! -x "$busybox" ] || return 0
    scratch=$(mktemp -d -p "$cache")
    unfinished=$scratch
    fetch_package busybox-static i386 "$scratch" ||
        die "cannot download busybox-static for i386" "$(tail -n 1 "$scratch/apt.log")"
    rm -rf "${busybox%/*}"
    mkdir "${busybox%/*}"
    mv "$scratch"/root/bin/busybox "$busybox"
    rm -rf "$scratch"
    unfinished=
}
