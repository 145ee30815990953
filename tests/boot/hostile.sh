#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# An unprivileged process that tries what it must not (hostile.c): the same signals on Xen as on bare hardware, and no byte of
# kernel, wedge or hypervisor within its reach. What differs is explained in hostile.differences.
#
# On bare hardware the processor lacks what the wedge's CPUID hides, as far as this program looks.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
cpu=max,-smap,-smep,-fsgsbase,-pku,-mpx,-umip
"$AFTERBURNER" doctor --for xen >/dev/null || skip "Xen or QEMU is missing" "scripts/fetch-xen; apt-get install qemu-system-x86"
build_linux annotated

# samples BITS: the table's samples as bytes with their names, assembled as they are.
samples() {
    local bits=$1 number=0 line
    printf '\t.data\n\t.code%s\n' "$bits"
    while read -r line; do
        number=$((number + 1))
        printf 's%s_%s: %s\ne%s_%s:\n' "$bits" $number "$line" "$bits" $number
        printf '\t.pushsection .rodata\nn%s_%s: .string "%s"\n\t.popsection\n' "$bits" $number "$line"
        printf '\t.pushsection .data.table%s,"aw"\n\t.quad n%s_%s, s%s_%s, e%s_%s\n\t.popsection\n' "$bits" "$bits" $number "$bits" $number "$bits" $number
    done < <("$AFTERBURNER" table --format "samples$bits")
    printf '\t.section .data.table%s,"aw"\n\t.subsection 1\n\t.globl samples%s_end\nsamples%s_end:\n' "$bits" "$bits" "$bits"
}
{
    printf '\t.globl samples64, samples32\n\t.section .data.table64,"aw"\nsamples64:\n\t.section .data.table32,"aw"\nsamples32:\n'
    samples 64
    samples 32
    printf '\t.section .note.GNU-stack,"",@progbits\n'
} >samples.s
ok "the table's samples" as samples.s -o samples.o
mkdir -p root/bin
ok "the program" gcc -O1 -Wall -Wextra -Werror -static -no-pie -Wl,--defsym=table=0x11223344,--defsym=selector=0x55667788 \
    "$SOURCE_DIR/tests/boot/hostile.c" samples.o -o root/bin/hostile
(cd root && find . | cpio -o -H newc --quiet | gzip) >added.gz
cat "$OUTPUT/initramfs.cpio.gz" added.gz >initramfs.cpio.gz
ok "links" "$AFTERBURNER" link "$OUTPUT/vmlinux" -o image

on() { # PLACE OPTION...
    local place=$1
    shift
    code 0 "$AFTERBURNER" run --on "$place" --timeout 900 --initrd initramfs.cpio.gz "$@" \
        --append "console=ttyS0 panic=-1 quiet loglevel=0 norandmaps afterburner.run=/bin/hostile" image </dev/null >"$place.console" 2>"$place.errors" ||
        { tail -n 5 "$place.console" "$place.errors"; return 1; }
    tr -d '\r' <"$place.console" | sed -n '/^iopl/,$p' >"$place.said"
}
ok "on bare hardware" on native --cpu $cpu
ok "on Xen" on xen
ok "it came to its end" grep -qx "hostile: done" xen.said
ok "hundreds of attempts" test "$(wc -l <xen.said)" -gt 900
ok "twelve ranges of addresses" test "$(grep -c ' addresses, ' xen.said)" -eq 12
ok "none of them is read, written or executed" bash -c '! grep -E " [1-9][0-9]* (read|written|executed)|other signals" xen.said'
diff native.said xen.said | grep '^[<>]' >differences || true
grep -v '^#' "$SOURCE_DIR/tests/boot/hostile.differences" | cut -f1 >patterns
grep -vEf patterns differences >unexplained || true
ok "each of $(wc -l <differences) differing lines is explained" bash -c '! grep . unexplained'
while read -r pattern; do
    ok "and each explanation has its line: $pattern" grep -qE -- "$pattern" differences
done <patterns
finish
