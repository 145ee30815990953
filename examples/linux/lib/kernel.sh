# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The variables belong to the including script.
# shellcheck disable=SC2034,SC2154
#
# One kernel of one variant, built out of tree into an entry of the cache.
# Needs lib/messages.sh, lib/source.sh, lib/kinds.sh, prepare_source, prepare_base_config, and the
# variables `here`, `cache`, `jobs`, `minutes`, `force`, `keep_objects` and `afterburner` (path;
# unused for plain); `unfinished` names what the caller removes at exit.

# Nothing of a build's date, user or machine is in the kernel, so equal inputs give equal bytes.
kernel_environment=(
    LC_ALL=C
    TZ=UTC
    PYTHONDONTWRITEBYTECODE=1
    KBUILD_BUILD_TIMESTAMP="Sat Jan  1 00:00:00 UTC 2022"
    KBUILD_BUILD_USER=afterburner
    KBUILD_BUILD_HOST=example
    KBUILD_BUILD_VERSION=1
)
# What a caller's environment might add to the build. The caller of this file unsets them.
kernel_unset=(
    ARCH CROSS_COMPILE LLVM LLVM_IAS CC AS LD AR NM HOSTCC HOSTCFLAGS HOSTLDFLAGS MAKEFLAGS MFLAGS
    MAKELEVEL GNUMAKEFLAGS KCFLAGS KAFLAGS KCPPFLAGS KCONFIG_ALLCONFIG KCONFIG_CONFIG KBUILD_OUTPUT
    KBUILD_EXTMOD KBUILD_VERBOSE INSTALL_MOD_PATH LOCALVERSION C_INCLUDE_PATH CPATH GCC_EXEC_PREFIX
    COMPILER_PATH AFTERBURNER_MODE AFTERBURNER_POLICY AFTERBURNER_REAL_AS
)
kernel_targets=(bzImage modules)
# The start-up code has debug information: without this its objects would name the build directory.
kernel_flags=-fdebug-prefix-map=BUILD_DIRECTORY=.

# Sets kernel_make (the whole command up to the targets) for VARIANT and the build directory.
set_kernel_make() {
    local variant=$1 objects=$2 compiler
    compiler="$kernel_compiler ${kernel_flags/BUILD_DIRECTORY/$objects}"
    kernel_make=(env "${kernel_environment[@]}")
    [ "$variant" != off ] || kernel_make+=(AFTERBURNER_MODE=off)
    kernel_make+=(make -C "$source_dir" "O=$objects" "ARCH=$kernel_arch" "${kernel_words[@]}")
    case $variant in
    plain) kernel_make+=("CC=$compiler") ;;
    # An annotated object has sections the kernel's linker script does not name.
    *) kernel_make+=("CC=$afterburner cc --policy $here/policy $compiler" CONFIG_LD_ORPHAN_WARN=) ;;
    esac
}

# What the fragments ask for: symbol, tab, value (nothing for off); a symbol's last line counts.
wanted_config() {
    awk '
        /^# CONFIG_[A-Za-z0-9_]+ is not set$/ { want[$2] = "" }
        /^CONFIG_[A-Za-z0-9_]+=/ {
            symbol = $0
            sub(/=.*/, "", symbol)
            sub(/^[^=]*=/, "")
            want[symbol] = $0
        }
        END { for (symbol in want) print symbol "\t" (want[symbol] == "n" ? "" : want[symbol]) }' \
        "${config_fragments[@]}" | LC_ALL=C sort
}

# Everything that decides the kernel's bytes; the policy and the tool by their content.
describe_kernel() {
    local variant=$1 program
    printf 'variant %s\nsource %s\n' "$variant" "$source_tree_hash"
    [ -z "$base_config" ] || printf 'base %s\n' "$(hash_of_file "$base_config")"
    wanted_config
    for program in "${compiler_programs[@]}"; do
        "${program% *}" --version
    done
    [ "${#kernel_words[@]}" = 0 ] || printf 'word %s\n' "${kernel_words[@]}"
    printf 'environment %s\n' "${kernel_environment[@]}"
    printf 'target %s\n' "${kernel_targets[@]}"
    printf 'flags %s\n' "$kernel_flags"
    if [ "$variant" != plain ]; then
        printf 'annotator %s\n' "$("$afterburner" --annotator-hash)"
        # Of its libraries, those that are built with it.
        { ldd "$afterburner" 2>/dev/null || true; } |
            awk '$3 ~ /^\// && $3 !~ /^\/(usr\/)?lib/ { print $3 }' |
            xargs --no-run-if-empty sha256sum --
        printf 'policy %s\n' "$(hash_of_file "$here/policy")"
    fi
}

kernel_hash() {
    describe_kernel "$1" | hash_of_stdin | cut -c 1-32
}

# give_up WHAT LOG COMMAND...: says which command failed and why; its directory stays for a look.
give_up() {
    local what=$1 log=$2 line
    shift 2
    unfinished=
    say "error: $what failed. The command:"
    printf ' %q' "$@" >&2
    printf '\n' >&2
    say "what its log says of errors, then its last lines:"
    grep -nE '(error: |Error [0-9]+$|fatal|undefined reference|\*\*\*)' "$log" | head -n 10 |
        while IFS= read -r line; do printf '  %s\n' "$line"; done >&2 || true
    printf '  ...\n' >&2
    tail -n 20 "$log" | while IFS= read -r line; do printf '  %s\n' "$line"; done >&2
    say "the whole log: $log"
    exit 1
}

configure_kernel() {
    local objects=$1 log=$2 missing
    # Always by plain gcc: the twins have one configuration.
    set_kernel_make plain "$objects"
    local command=("${kernel_make[@]}" -s "$config_base")
    if [ -n "$base_config" ]; then
        cp "$base_config" "$objects/.config"
    else
        "${command[@]}" >>"$log" 2>&1 || give_up "$config_base" "$log" "${command[@]}"
    fi
    command=("$source_dir/scripts/kconfig/merge_config.sh" -m -O "$objects" "$objects/.config"
        "${config_fragments[@]}")
    (cd "$objects" && "${command[@]}") >>"$log" 2>&1 ||
        give_up merge_config.sh "$log" "${command[@]}"
    command=("${kernel_make[@]}" -s olddefconfig)
    "${command[@]}" >>"$log" 2>&1 || give_up olddefconfig "$log" "${command[@]}"

    # A symbol that depends on an absent one vanishes silently: compare with what was asked.
    missing=$(awk '
        { symbol = $1; value = $0 }
        FNR == NR { sub(/=.*/, "", symbol); sub(/^[^=]*=/, "", value); have[symbol] = value; next }
        { sub(/^[^\t]*\t/, "", value) }
        have[symbol] != value { print (value == "" ? symbol " off" : symbol "=" value) }' \
        <(grep '^CONFIG_' "$objects/.config") <(wanted_config))
    [ -z "$missing" ] ||
        die "the configuration cannot have: ${missing//$'\n'/, }" \
            "check their dependencies; fragments: ${config_fragments[*]}"
}

describe_building() {
    local built total=
    built=$(grep -cE '^  (CC|AS|LDS|AR|LD|HOSTCC)[ 0-9]' "$kernel_log") || built=0
    [ ! -s "$kernel_total" ] || total="/$(<"$kernel_total")"
    printf '%s: %s%s objects, %s s' "$kernel_variant" "$built" "$total" "$1"
}

# build_kernel VARIANT: sets kernel_entry to a complete cache entry, kernel_cached to yes or no. With
# `minutes`, ends after so many with exit code 75 and leaves what there is for the next run.
build_kernel() {
    local variant=$1 hash status=0 command unique limit=()
    hash=$(kernel_hash "$variant")
    kernel_entry=$cache/kernels/$hash
    local work=$kernel_entry.unfinished
    local objects=$work/objects
    mkdir -p "$cache/kernels"

    exec 9>"$kernel_entry.lock"
    flock -n 9 || { say "$variant: waiting for another build of $hash"; flock 9; }
    if [ -e "$kernel_entry/vmlinux" ] && [ "$force" = no ] &&
        { [ "$keep_objects" = no ] || [ -d "$kernel_entry/objects" ]; }; then
        kernel_cached=yes
        exec 9>&-
        return
    fi
    kernel_cached=no
    kernel_variant=$variant
    kernel_log=$work/build.log
    kernel_total=$cache/kernels/objects-$({ printf '%s\n' "$kernel_arch" "$base_config" && wanted_config; } | hash_of_stdin)
    # What a build in steps left is of the same inputs: they name its directory. kbuild takes an
    # object for finished only once it has written down the command that made it.
    if [ -z "$minutes" ] || [ ! -e "$work/.config" ]; then
        rm -rf "$work"
        mkdir -p "$objects"
        unfinished=$work
        describe_kernel "$variant" >"$kernel_log"
        say "$variant: configuring $source_version ($hash)"
        configure_kernel "$objects" "$kernel_log"
        cp "$objects/.config" "$work/.config"
    fi
    if [ -n "$minutes" ]; then
        unfinished=
        limit=(timeout --foreground "${minutes}m")
    fi

    set_kernel_make "$variant" "$objects"
    command=("${limit[@]}" "${kernel_make[@]}" "-j$jobs" "${kernel_targets[@]}")
    printf '%q ' "${kernel_make[@]}" >"$work/make"
    say "$variant: building with -j$jobs; log: $kernel_log"
    # shellcheck disable=SC2016
    with_progress 10 "$kernel_log" describe_building \
        bash -c 'times=$1; shift; exec 4>&2 2>"$times"; TIMEFORMAT="real_seconds=%R
user_cpu_seconds=%U
system_cpu_seconds=%S"; time "$@" 2>&4' time "$work/build-times" "${command[@]}" || status=$?
    if [ -n "$minutes" ] && [ "$status" = 124 ]; then
        say "$variant: not finished after $minutes minutes: $(describe_building "$((minutes * 60))");" \
            "the same command goes on"
        exit 75
    fi
    [ "$status" = 0 ] || give_up "$variant" "$kernel_log" "${command[@]}"
    if ! cmp -s "$work/.config" "$objects/.config"; then
        unfinished=
        die "$variant: the build changed its configuration, so the twins would differ" \
            "compare: diff $work/.config $objects/.config"
    fi
    check_source_unchanged

    mkdir "$work/modules"
    cp "$objects/vmlinux" "$objects/System.map" "$objects/arch/x86/boot/bzImage" "$work/"
    cp "$objects/include/config/kernel.release" "$work/kernel.release"
    unique=$(find "$objects" -name '*.ko' -printf '%f\n' | LC_ALL=C sort | uniq -d)
    [ -z "$unique" ] || die "two modules have one name: $unique" "build only one of them"
    find "$objects" -name '*.ko' -exec cp -t "$work/modules" -- {} +
    grep -cE '^  (CC|AS|LDS|AR|LD|HOSTCC)[ 0-9]' "$kernel_log" >"$kernel_total"
    [ "$keep_objects" = yes ] || rm -rf "$objects"
    rm -rf "$kernel_entry"
    mv "$work" "$kernel_entry"
    unfinished=
    exec 9>&-
}
