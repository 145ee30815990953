# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The variables belong to the including script.
# shellcheck disable=SC2034,SC2154
#
# The pinned, unmodified source: where it comes from, and the proof that a build left it alone.
# Needs lib/messages.sh and the variables `here` (this folder) and `cache`;
# `unfinished` names what the caller removes at exit.

pin() {
    local value
    value=$(sed -n "s/^$1=//p" "$here/source.pins")
    [ -n "$value" ] || die "source.pins has no line '$1='" "restore $here/source.pins"
    printf '%s\n' "$value"
}

# tree_manifest DIR: one line per file with its content's SHA-256, then the symbolic links, then the
# executables; paths relative and sorted bytewise.
tree_manifest() (
    cd "$1" || exit
    export LC_ALL=C
    find . -type f -print0 | sort -z | xargs -0 sha256sum --
    find . -type l -printf 'link %P -> %l\n' | sort
    find . -type f -perm -u+x -printf 'executable %P\n' | sort
)

# find_tarball PACKAGE VERSION SHA256 SCRATCH: sets `tarball` to a tar.xz of that version and
# found_version to the version, or fails. An empty SHA256 accepts any content.
find_tarball() {
    local package=$1 version=$2 sha256=$3 scratch=$4 installed repair
    installed=$(dpkg-query --show --showformat='${Version}' "$package" 2>/dev/null) || installed=
    tarball=/usr/src/$package.tar.xz
    repair="reinstall it: apt-get install --reinstall $package=$version"
    if [ "$installed" != "$version" ] || [ ! -r "$tarball" ]; then
        say "downloading $package $version"
        (cd "$scratch" && apt-get -q download "$package=$version" >download.log 2>&1) || return 1
        dpkg-deb --extract "$scratch"/"$package"_*.deb "$scratch/deb" || return 1
        tarball=$scratch/deb/usr/src/$package.tar.xz
        repair="the archive and source.pins disagree: see which of them is wrong"
    fi
    if [ -n "$sha256" ] && [ "$(hash_of_file "$tarball")" != "$sha256" ]; then
        die "$tarball is not the pinned source: its SHA-256 differs from source.pins" "$repair"
    fi
    found_version=$version
}

# When the pinned version cannot be had: the one the archive serves now, else the installed one.
find_other_version() {
    local package=$1 pinned=$2 scratch=$3 served installed version
    served=$(apt-cache policy "$package" 2>/dev/null | sed -n 's/^ *Candidate: *//p')
    installed=$(apt-cache policy "$package" 2>/dev/null | sed -n 's/^ *Installed: *//p')
    for version in "$served" "$installed"; do
        case $version in "" | "(none)") continue ;; esac
        if [ -e "$cache/source/$version/complete" ]; then
            found_version=$version
        else
            find_tarball "$package" "$version" "" "$scratch" || continue
        fi
        say "NOTICE: $package $pinned cannot be had; building $version instead." \
            "Published figures are of $pinned."
        return
    done
    die "neither the archive nor this machine has $package $pinned or any other version" \
        "run 'apt-get update', then this again" \
        "apt said: $(tail -n 1 "$scratch/download.log")"
}

# Sets source_version to the pinned version, or to the one the archive or this machine still has.
# Sets source_package, source_dir, source_tree_hash and source_manifest; unpacks at most once.
prepare_source() {
    local package version base scratch
    package=$(pin package)
    version=$(pin version)
    base=$cache/source
    mkdir -p "$base"
    exec 8>"$base/lock"
    flock -n 8 || { say "waiting for another unpacking of the source"; flock 8; }

    if [ ! -e "$base/$version/complete" ]; then
        scratch=$base/unpacking
        rm -rf "$scratch"
        mkdir -p "$scratch"
        unfinished=$scratch
        find_tarball "$package" "$version" "$(pin tarball_sha256)" "$scratch" ||
            find_other_version "$package" "$version" "$scratch"
        version=$found_version
    fi
    if [ ! -e "$base/$version/complete" ]; then
        unpack_source "$package" "$version" "$scratch"
    fi
    rm -rf "$base/unpacking"
    unfinished=
    flock -u 8
    exec 8>&-

    source_package=$package
    source_version=$version
    source_dir=$base/$version/$package
    source_manifest=$base/$version/manifest
    source_tree_hash=$(hash_of_file "$source_manifest")
}

describe_unpacking() {
    printf 'unpacking the source: %s s' "$1"
}

unpack_source() {
    local package=$1 version=$2 scratch=$3 entry=$3/entry wanted got
    say "unpacking $tarball"
    mkdir "$entry"
    with_progress 10 "$scratch/unpack.log" describe_unpacking \
        tar --extract --xz --no-same-owner --file "$tarball" --directory "$entry" ||
        die "cannot unpack $tarball" "tar said: $(tail -n 1 "$scratch/unpack.log")"
    tree_manifest "$entry/$package" >"$entry/manifest"
    if [ "$version" = "$(pin version)" ]; then
        wanted=$(pin tree_sha256)
        got=$(hash_of_file "$entry/manifest")
        [ "$got" = "$wanted" ] ||
            die "the unpacked tree is not the pinned one" "source.pins says $wanted" "found $got"
    fi
    : >"$entry/complete"
    rm -rf "${cache:?}/source/$version"
    mv "$entry" "$cache/source/$version"
}

# Every build is out of tree; this proves that it was.
check_source_unchanged() {
    local now changed
    now=$(mktemp -p "$cache/source")
    tree_manifest "$source_dir" >"$now"
    if ! cmp -s "$now" "$source_manifest"; then
        changed=$(diff "$source_manifest" "$now" |
            sed -n 's/^[<>] [0-9a-z]*  *//p' | sort -u | sed -n '1,5p')
        rm -f "$now"
        die "the source tree changed since it was unpacked: ${changed//$'\n'/, }" \
            "nothing was published; remove ${source_dir%/*} and run this again"
    fi
    rm -f "$now"
    say "source: $(grep -c '^[0-9a-f]\{64\} ' "$source_manifest") files checked, 0 lines changed"
}
