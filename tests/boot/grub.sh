#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# One image, started by GRUB from a CD as on a real machine: on bare hardware by the Multiboot2 header that link adds, from a
# BIOS and from UEFI, and on Xen.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
packages="grub-pc-bin grub-efi-amd64-bin grub-common xorriso mtools ovmf qemu-system-x86"
firmware=/usr/share/ovmf/OVMF.fd
for tool in grub-mkrescue grub-file xorriso mformat qemu-system-x86_64; do
    command -v $tool >/dev/null || skip "$tool is missing" "apt-get install $packages"
done
if [ ! -r $firmware ] || [ ! -d /usr/lib/grub/x86_64-efi ] || [ ! -d /usr/lib/grub/i386-pc ]; then
    skip "UEFI firmware or GRUB's modules are missing" "apt-get install $packages"
fi
xen=''
for file in "${AFTERBURNER_XEN:-}" /boot/xen-*-amd64.gz "${XDG_CACHE_HOME:-$HOME/.cache}/afterburner/xen/xen-4.17-amd64.gz"; do
    [ ! -f "$file" ] || [ -n "$xen" ] || xen=$file
done
[ -n "$xen" ] || skip "Xen is missing" "scripts/fetch-xen ~/.cache/afterburner/xen"

# iso IMAGE -o DISK OPTION...: no other disk is left over if that fails.
iso() {
    rm -f "$3"
    "$SOURCE_DIR/examples/grub/make-iso" "$@"
}
# boots CODE ISO OPTION...: the exit code by QEMU's debug-exit device, which gives 2 N + 1; the console is in ./console.
boots() {
    local expected=$1 disk=$2 got=0
    shift 2
    timeout 300 qemu-system-x86_64 -no-user-config -nodefaults -machine pc -accel tcg -display none -nic none -no-reboot \
        -device isa-debug-exit,iobase=0xf4,iosize=0x04 -cpu max,-smap -m 512 -serial stdio -cdrom "$disk" "$@" </dev/null >raw || got=$?
    tr -d '\r' <raw >console
    cat console
    [ "$got" -eq $((2 * expected + 1)) ] || { echo "QEMU ended with $got, expected $((2 * expected + 1))"; return 1; }
}
says() { grep -q -- "$1" console; }

ok "hello-kernel builds" make -s -C "$SOURCE_DIR/examples/hello-kernel" O="$PWD/build" CC="$AFTERBURNER cc --policy policy gcc"
ok "links" bash -c '"$0" link build/hello-kernel.elf -o hello --explain | tee explained' "$AFTERBURNER"
ok "with a header" grep -q '+ Multiboot2 header at 0x' explained
ok "GRUB finds it" grub-file --is-x86-multiboot2 hello
ok "one for Xen alone has none" bash -c '"$0" link --wedge xen build/hello-kernel.elf -o without && ! grub-file --is-x86-multiboot2 without' "$AFTERBURNER"
ok "make-iso says so" bash -c '"$0" without -o none.iso 2>said; code=$?; cat said; test $code -eq 1 && grep -q "no Multiboot2 header" said && ! test -e none.iso' "$SOURCE_DIR/examples/grub/make-iso"
ok "a CD" iso hello -o hello.iso -a "ticks=10 exit=17"
ok "hello-kernel on bare hardware" boots 17 hello.iso
ok "all of it" says "hello-kernel: all done"
ok "a CD for Xen" iso hello -o hello.iso -a "ticks=10 exit=18" -x "$xen" -d xen
ok "hello-kernel on Xen" boots 18 hello.iso
ok "all of it on Xen, by Xen's console" says "hello-kernel: all done"

build_linux annotated
ok "Linux links" "$AFTERBURNER" link "$OUTPUT/vmlinux" -o image
run="echo%20in%20\$(cat%20/sys/hypervisor/type%202>/dev/null%20||%20uname%20-s);exit"
words="console=ttyS0 panic=-1 quiet afterburner.run=$run"
ok "a CD with Linux" iso image -o linux.iso -i "$OUTPUT/initramfs.cpio.gz" -a "$words%205"
ok "Linux on bare hardware, from a BIOS" boots 5 linux.iso
ok "its command ran" says "^in Linux$"
ok "and from UEFI" boots 5 linux.iso -machine q35 -bios $firmware -vga std
ok "a CD with Linux for Xen" iso image -o linux.iso -i "$OUTPUT/initramfs.cpio.gz" -a "$words%206" -x "$xen" -d xen
ok "Linux on Xen" boots 6 linux.iso
ok "the same command ran there, too" says "^in Linux$"
finish
