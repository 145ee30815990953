#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A site keeps its identity across rebuilds, which is what profiles hang on: identity.sh CHANGE, with
#   path     the same kernel built in another directory, from a source in another directory
#   options  ten options of its configuration toggled
#   patch    three functions with sites added in front of the existing ones, in each of five files
#   figures  not held to a limit: one processor to several, gcc to clang
# Rebuilds are made over the objects of the cache and leave those and the source as they are (overlays, in a mount namespace).
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
[ "$(id -u)" -eq 0 ] || skip "overlays are root's" "sudo ctest -R identity"
unshare --mount true 2>/dev/null || skip "no mount namespaces here" "a machine or container with CAP_SYS_ADMIN"
limit=99 # percent that stay

# stayed OLD NEW: how many percent of the old identities the new image has.
stayed() {
    "$AFTERBURNER" sites --diff --json "$1" "$2" >diff.json || [ $? -eq 1 ] || return 1
    jq -r '"# \(.stayed) stayed, \(.went | length) went, \(.came | length) came"' diff.json >&2
    jq -r '100 * .stayed / (.stayed + (.went | length))' diff.json
}
at_least() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a >= b) }'; }

# rebuild CHANGE [SOURCE-PATH OBJECTS-PATH]: in a namespace, with the cache's source and objects (without a path in the places
# where they were built, with paths an empty directory for the objects there), makes vmlinux after the change; it is `new`.
rebuild() {
    local change=$1 source=${2:-$SOURCE} built objects
    built=$(sed -nE 's/.* O=([^ ]*) .*/\1/p' "$OBJECTS/../make") # what make was told then
    objects=${3:-$built}
    mkdir -p upper.{source,objects} work.{source,objects} "$source" "$objects" empty
    unshare --mount --propagation private bash -ec '
        change=$1 source=$2 objects=$3 lower_source=$4 lower_objects=$5
        mount -t overlay overlay -o "lowerdir=$lower_source,upperdir=$PWD/upper.source,workdir=$PWD/work.source" "$source"
        mount -t overlay overlay -o "lowerdir=$lower_objects,upperdir=$PWD/upper.objects,workdir=$PWD/work.objects" "$objects"
        make=$(sed "s#$6#$source#g; s#$7#$objects#g" "$8")
        "$change" "$source" "$objects" "$make"
        eval "$make -j$(nproc) vmlinux" </dev/null
        cp "$objects/vmlinux" new' - "$change" "$source" "$objects" "$SOURCE" "${lower_objects:-$OBJECTS}" "$SOURCE" \
        "$built" "$OBJECTS/../make" >rebuild.log 2>&1 || { tail -n 20 rebuild.log; return 1; }
}

nothing() { cp "$OLD_CONFIG" "$2/.config" && eval "$3 olddefconfig"; }
# Ten options that neither take code away that has sites nor change the compiler's flags.
options() {
    printf '%s\n' '# CONFIG_PRINTK_TIME is not set' '# CONFIG_RANDOM_TRUST_CPU is not set' CONFIG_IKCONFIG=y CONFIG_KALLSYMS_ALL=y \
        CONFIG_PROC_CHILDREN=y CONFIG_USERFAULTFD=y CONFIG_CROSS_MEMORY_ATTACH=y CONFIG_FHANDLE=y CONFIG_BSD_PROCESS_ACCT=y CONFIG_SWAP=y >ten
    (cd "$2" && "$1/scripts/kconfig/merge_config.sh" -m .config "$OLDPWD/ten") && eval "$3 olddefconfig" &&
        while read -r line; do grep -qxF -- "$line" "$2/.config" || { echo "not taken: $line"; exit 1; }; done <ten
}
patched="arch/x86/kernel/process.c arch/x86/kernel/i8259.c drivers/tty/serial/8250/8250_port.c kernel/sched/core.c mm/page_alloc.c"
patch() {
    local file name
    for file in $patched; do
        name=$(basename "$file" .c | tr -cd '[:lower:]')
        awk -v name="$name" '
            NR == FNR { if (/^#include/ && FNR < 160) last = FNR; next }
            { print }
            FNR == last {
                print "\nunsigned long identity_" name "_flags(void);\nunsigned long identity_" name "_flags(void)\n{\n\tunsigned long flags;\n"
                print "\tlocal_irq_save(flags);\n\tlocal_irq_restore(flags);\n\treturn flags;\n}"
                print "\nunsigned long identity_" name "_control(void);\nunsigned long identity_" name "_control(void)\n{\n\treturn native_read_cr0();\n}"
                print "\nunsigned long identity_" name "_port(void);\nunsigned long identity_" name "_port(void)\n{\n\toutb(0, 0x80);\n\treturn inb(0x80);\n}"
            }' "$1/$file" "$1/$file" >patched.c && cp patched.c "$1/$file"
    done
}
export -f nothing options patch
export patched

change=${1:?}
build_linux annotated
SOURCE=$(echo "${XDG_CACHE_HOME:-$HOME/.cache}/afterburner/linux/source/$SOURCE_VERSION"/linux-source-*)
export OLD_CONFIG=$OUTPUT/.config
case $change in
path)
    lower_objects=$PWD/empty
    ok "built elsewhere" rebuild nothing "$PWD/elsewhere/source" "$PWD/elsewhere/objects"
    ;;
options | patch)
    ok "built again, with another: $change" rebuild "$change"
    ;;
figures)
    gcc=$OUTPUT
    build_linux annotated --kind smp --config-extra "$SOURCE_DIR/tests/boot/rewriting.config"
    echo "# one processor to several: $(stayed "$gcc/vmlinux" "$OUTPUT/vmlinux") % stay"
    build_linux annotated --kind clang
    percent=$(stayed "$gcc/vmlinux" "$OUTPUT/vmlinux")
    echo "# gcc to clang: $percent % stay"
    ok "some do" at_least "$percent" 10
    finish
    ;;
*)
    echo "unknown change $change"
    exit 2
    ;;
esac
percent=$(stayed "$OUTPUT/vmlinux" new)
ok "at least $limit % of the identities stay: $percent" at_least "${percent:-0}" $limit
ok "and it is another kernel" bash -c '! cmp -s "$0" new' "$OUTPUT/vmlinux"
if [ "$change" = patch ]; then
    ok "with the added sites" test "$(jq '[.came[] | select(.function | startswith("identity_"))] | length' diff.json)" -ge 20
fi
ok "the source is as it was" bash -c 'cd "$0" && sha256sum -c --quiet < <(grep -E "^[0-9a-f]{64} .*($1)$" ../manifest)' "$SOURCE" "${patched// /|}"
finish
