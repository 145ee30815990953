# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Debian's packages that are looked into, not installed.

# fetch_package NAME[=VERSION] ARCHITECTURE DIR: unpacks it in DIR/root; DIR/apt.log has what apt
# says. Another architecture's lists of packages are read into DIR, so that this machine does not
# become one of both; by them apt checks the package's hash and the archive's signature.
fetch_package() {
    local package=$1 architecture=$2 directory=$3 options=()
    if [ "$architecture" != "$(dpkg --print-architecture)" ]; then
        mkdir -p "$directory"/{lists/partial,archives/partial}
        : >"$directory/status"
        options=(-o "APT::Architecture=$architecture" -o "APT::Architectures::=$architecture"
            -o "Dir::State::Lists=$directory/lists" -o "Dir::State::Status=$directory/status"
            -o "Dir::Cache::Archives=$directory/archives" -o "Dir::Cache::pkgcache="
            -o "Dir::Cache::srcpkgcache=" -o "Acquire::Languages=none")
        # One source of several may be out of order: whether the package is to be had shows below.
        apt-get -q "${options[@]}" update >"$directory/apt.log" 2>&1 || true
    fi
    (cd "$directory" && apt-get -q "${options[@]}" download "$package" >>apt.log 2>&1) || return 1
    dpkg-deb --extract "$directory/${package%%=*}"_*.deb "$directory/root"
}
