#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# hello-kernel, annotated and linked with the wedge: one file that runs by itself and de-privileged on Xen, with the same
# words and the same exit codes.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
"$AFTERBURNER" doctor --for xen >/dev/null || skip "Xen or QEMU is missing" "scripts/fetch-xen; apt-get install qemu-system-x86"

ok "builds" make -s -C "$SOURCE_DIR/examples/hello-kernel" O="$PWD/build" CC="$AFTERBURNER cc --policy policy gcc"
ok "links" "$AFTERBURNER" link build/hello-kernel.elf -o image
ok "verifies as it is bound" "$AFTERBURNER" verify --bound xen image
sum=$(sha256sum image)
for place in native xen; do
    "$AFTERBURNER" run --on $place --timeout 60 --append "ticks=10" image </dev/null 2>&1 | tr -d '\r' >console.$place
done
ok "all of its stages" grep -q "hello-kernel: all done" console.xen
ok "the same words on both" diff console.native console.xen
ok "an exit code" code 17 "$AFTERBURNER" run --on xen --timeout 60 --append "exit=17" image </dev/null
ok "its panic is its own: 99" code 99 "$AFTERBURNER" run --on xen --timeout 60 --append "panic" image </dev/null
ok "one that idles for ever ends by time-out: 124" code 124 "$AFTERBURNER" run --on xen --timeout 5 --append "spin" image </dev/null
"$AFTERBURNER" run --on xen --timeout 60 --xen-log xen.log image </dev/null >/dev/null 2>&1
ok "every site is bound" bash -c 'test "$(sed -n "s/^wedge: \([0-9]*\) sites bound for xen.*/\1/p" xen.log)" -eq "$("$0" sites --count build/hello-kernel.elf | awk "\$1 == \"total\" { print \$2 }")"' "$AFTERBURNER"
ok "none was missed" bash -c '! grep "missed site" xen.log'
ok "one and the same file" test "$sum" = "$(sha256sum image)"
finish
