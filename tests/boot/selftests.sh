#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Linux's own x86 selftests (tools/testing/selftests/x86), static, from the source that the kernel is from: in the guest on bare
# hardware and on Xen they must say the same, line by line, but for what selftests.differences explains.
#
# On bare hardware the processor lacks what the wedge's CPUID hides (afterburn/cpuid-policy.def), as far as these programs look.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
explained=$SOURCE_DIR/tests/boot/selftests.differences
cpu=max,-smap,-smep,-fsgsbase,-pku,-mpx,-umip,-rdtscp

"$AFTERBURNER" doctor --for xen >/dev/null || skip "Xen or QEMU is missing" "scripts/fetch-xen; apt-get install qemu-system-x86"
echo 'int main(void) { return 0; }' >probe.c
gcc -m32 -static probe.c -o probe 2>/dev/null || skip "gcc links no static 32-bit programs" "apt-get install lib32gcc-12-dev libc6-dev-i386"
build_linux annotated
source=$(echo "${XDG_CACHE_HOME:-$HOME/.cache}/afterburner/linux/source/$SOURCE_VERSION"/linux-source-*)

mkdir -p built root/selftests
# Not all of them build on every Debian (some want newer headers); those that do are run, and they are many.
make -k -C "$source/tools/testing/selftests/x86" OUTPUT="$PWD/built" CC="gcc -static" \
    KHDR_INCLUDES="-idirafter /usr/include/x86_64-linux-gnu" >make.log 2>&1 || true
find built -maxdepth 1 -type f -perm -u+x \( -name '*_32' -o -name '*_64' \) -exec cp {} root/selftests/ \;
ok "at least 40 of them build" test "$(find root/selftests -type f | wc -l)" -ge 40
cat >root/selftests/run <<'END'
#!/bin/sh
cd /selftests
for program in *_32 *_64; do
    echo "=== $program"
    timeout 300 ./$program </dev/null 2>&1
    echo "=== $program: exit code $?"
done
END
chmod +x root/selftests/run
(cd root && find . | cpio -o -H newc --quiet | gzip) >added.gz
cat "$OUTPUT/initramfs.cpio.gz" added.gz >initramfs.cpio.gz
ok "links" "$AFTERBURNER" link "$OUTPUT/vmlinux" -o image

# on PLACE OPTION...: all of them; what they say, without addresses that are other ones in each run, in PLACE.said.
on() {
    local place=$1
    shift
    code 0 "$AFTERBURNER" run --on "$place" --timeout 1500 --initrd initramfs.cpio.gz "$@" \
        --append "console=ttyS0 panic=-1 printk.time=0 norandmaps afterburner.run=/selftests/run" image </dev/null >"$place.console" 2>"$place.errors" ||
        { tail -n 5 "$place.console" "$place.errors"; return 1; }
    tr -d '\r' <"$place.console" | sed -n '/^=== /,$p' | sed -E "s/\[[0-9]+\] (bad frame|overflowed|vsyscall|trap)/[PID] \1/; s/frame:[0-9a-f]+/frame:ADDRESS/; s/(vDSO time offsets:).*/\1 SECONDS/" >"$place.said"
}
ok "on bare hardware" on native --cpu $cpu
ok "on Xen" on xen
ok "they came to their ends" test "$(grep -c '^=== .*: exit code' xen.said)" -eq "$(find root/selftests -name '*_[36][24]' | wc -l)"
ok "most of them pass" test "$(grep -c '^=== .*: exit code 0' native.said)" -ge 35
diff native.said xen.said | grep '^[<>]' >differences || true
grep -v '^#' "$explained" | cut -f1 >patterns
ok "at most ten explanations" test "$(wc -l <patterns)" -le 10
ok "each with a section of a manual" bash -c '! grep -v "^#" "$0" | cut -f2 | grep -vE "(AMD64|Intel) manual"' "$explained"
grep -vEf patterns differences >unexplained || true
ok "each of $(wc -l <differences) differing lines is explained" bash -c '! grep . unexplained'
while read -r pattern; do
    ok "and each explanation has its line: $pattern" grep -qE -- "$pattern" differences
done <patterns
finish
