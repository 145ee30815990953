#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Tests on the real thing: Linux 6.1 from pristine source, annotated, beside its plain twin. linux.sh TEST [KIND] runs one
# of these, of them verify, boot, modules, streams, cost, rewriting and xen also for another kind of examples/linux/build:
#   verify   the kernel and every module are completely annotated
#   boot     boots to a shell command whose exit code comes back
#   modules  every module loads and unloads; at least three have sites, and their records verify
#   streams  without their pads, annotated objects are the plain ones, over the whole kernel
#   off      with AFTERBURNER_MODE=off every object is plain's, byte for byte
#   cost     neutral instructions and text growth within the limits
#   xen      linked with the wedge, one file boots by itself in QEMU and de-privileged on Xen
#   domu     the same file as another domain that xl makes: the workload, modules, exit codes, a shell
#   load     the same results there from 1000 programs, pipes, signals, memory, files, threads and timers (load.c)
#   many     1000 processes at once in 128 MB with 4 MB of shadow memory
#   binding  binding all sites costs less than a million instructions; the wedge's size
#   messages what the kernel says on Xen and in QEMU differs only as dmesg.differences explains
#   input    what is typed on the console arrives, and a shell there works
#   rewriting a kernel with tracing, probes and compiled filters rewrites and makes code, and all of it works
#   missed   without sites for a class that traps it works, and each missed site is named; a silent class is refused
#   debian   Debian's own kernel configuration, as many minutes of it as a run may take; then all of it is verified
# A build that is not in the cache is made first.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"

kind=${2:-x86_64}
processors=1
sites=3000
options=()
if [ "$kind" = smp ]; then
    processors=2
    sites=1500 # locks turn interrupts off and on in one place each
    # The test on rewritten code is made on the same kernel.
    options=(--config-extra "$SOURCE_DIR/tests/boot/rewriting.config")
fi

build() { build_linux "$@" --kind "$kind" "${options[@]}"; } # VARIANT [OPTION...]

run_guest() { # CODE WORDS: the shell command, spaces as %20
    code "$1" "$AFTERBURNER" run --on native --smp $processors --timeout 300 --initrd "$OUTPUT/initramfs.cpio.gz" \
        --append "console=ttyS0 panic=-1${2:+ afterburner.run=$2}" "$OUTPUT/bzImage" </dev/null
}

# Objects that are the kernel's: not the host programs, not what the decompressor is linked from.
objects() { (cd "$1" && find . -name '*.o' ! -path './tools/*' ! -path './scripts/*' ! -name vmlinux.o | LC_ALL=C sort); }

# For the tests on Xen: IMAGE is the kernel with the wedge; "$@" are options of link.
link_image() {
    "$AFTERBURNER" doctor --for xen >/dev/null || skip "Xen or QEMU is missing" "scripts/fetch-xen; apt-get install qemu-system-x86"
    ok "links" "$AFTERBURNER" link "$OUTPUT/vmlinux" -o image "$@"
}
# with_program NAME OPTION...: makes initramfs.cpio.gz, with a static program from NAME.c beside us in /bin.
with_program() {
    local name=$1
    shift
    mkdir -p root/bin
    ok "a static program, $name" gcc -O2 -Wall -Wextra -Werror -static "$@" "$SOURCE_DIR/tests/boot/$name.c" -o "root/bin/$name"
    (cd root && find . | cpio -o -H newc --quiet | gzip) >added.gz
    cat "$OUTPUT/initramfs.cpio.gz" added.gz >initramfs.cpio.gz
}
on() { # PLACE CODE WORDS OPTION...: runs the image (or, without one, the kernel); the console goes to stdout
    local place=$1 wanted=$2 words=$3 image=image
    shift 3
    [ -e image ] || image=$OUTPUT/bzImage
    code "$wanted" "$AFTERBURNER" run --on "$place" --smp $processors --timeout 300 --initrd initramfs.cpio.gz "$@" \
        --append "console=ttyS0 panic=-1 printk.time=0${words:+ afterburner.run=$words}" "$image" </dev/null
}

case ${1:?} in
verify)
    build annotated
    ok "the kernel verifies" bash -c 'set -o pipefail; "$0" verify --json vmlinux.json "$1/vmlinux" | tee report' "$AFTERBURNER" "$OUTPUT"
    sed 's/^/# /' report
    ok "0 open findings in the certificate" grep -q '"open": 0' vmlinux.json
    ok "and more than $sites sites" bash -c 'test "$("$0" sites --count "$1/vmlinux" | awk "\$1 == \"total\" { print \$2 }")" -gt "$2"' "$AFTERBURNER" "$OUTPUT" $sites
    ok "every module verifies" bash -c '"$0" verify --json modules.json "$1"/modules/*.ko' "$AFTERBURNER" "$OUTPUT"
    ok "a plain kernel does not" code 1 "$AFTERBURNER" verify --quiet "$(build plain >/dev/null; echo "$OUTPUT")/vmlinux"
    [ "$kind" = x86_64 ] || finish
    ok "it is composed: no alternative brings sensitive code" code 0 "$AFTERBURNER" link --wedge-file "$(dirname "$TEST_TOOLS")/wedge/wedge.elf" "$OUTPUT/vmlinux" -o composed
    ok "and verifies as bound for Xen" code 0 "$AFTERBURNER" verify --bound xen --quiet --json bound.json composed
    ok "nothing relies on the trap" jq -e '.bound.relies_on_trap.count == 0 and .bound.jumps + .bound.stores > 3000' bound.json
    ok "alternatives are never brought, or harmless" jq -e '(.alternatives | length) > 100 and all(.alternatives[]; .verdict == "never" or .verdict == "harmless")' bound.json
    ;;
boot)
    build annotated
    ok "the workload runs, exit code 0" run_guest 0 ""
    ok "a shell command's exit code comes back" run_guest 42 "uname%20-a;exit%2042"
    ok "another one" run_guest 7 "exit%207"
    ok "the command really ran" bash -c '"$0" run --on native --timeout 300 --initrd "$1/initramfs.cpio.gz" --append "console=ttyS0 panic=-1 afterburner.run=echo%20six%20times%20seven%20is%20\$((6*7))" "$1/bzImage" </dev/null | tr -d "\r" | grep -qx "six times seven is 42"' "$AFTERBURNER" "$OUTPUT"
    ok "a reset without an exit code is a crash: 120" run_guest 120 "reboot%20-f"
    ok "all $processors processors work" run_guest $processors "exit%20\$(grep%20-c%20^processor%20/proc/cpuinfo)"
    if [ "$kind" != i386 ]; then
        with_program process-32 -m32 -nostdlib -ffreestanding -fno-pic -fno-stack-protector
        ok "a 32-bit process" on native 5 "/bin/process-32"
    fi
    for variant in annotated plain; do
        build $variant
        run_guest 0 "" >console.$variant 2>/dev/null
        tr -d '\r' <console.$variant | sed -nE 's/^(workload|afterburner): /&/p' >words.$variant
    done
    ok "the plain twin says the same" diff words.plain words.annotated
    ok "and something" test "$(wc -l <words.plain)" -ge 3
    ;;
modules)
    build annotated
    run_guest 0 /module-test >console 2>&1 || true
    ok "every module loads and unloads" run_guest 0 /module-test
    tr -d '\r' <console | grep '^module ' >modules
    built=$(find "$OUTPUT/modules" -name '*.ko' | wc -l)
    ok "all $built built ones were tried" test "$(grep -c ' ok$' modules)" -eq "$built"
    with=0
    for module in "$OUTPUT"/modules/*.ko; do
        readelf -SW "$module" | grep -q ' \.afterburn ' || continue
        with=$((with + 1))
        ok "$(basename "$module"): $("$AFTERBURNER" sites --count "$module" | tail -n 1 | tr -s ' ') sites verify" \
            "$AFTERBURNER" verify "$module"
    done
    ok "at least three have sites: $with" test "$with" -ge 3
    ;;
streams)
    build plain
    plain=$OBJECTS
    build annotated
    objects "$plain" >plain.list
    objects "$OBJECTS" >annotated.list
    ok "the same objects" diff plain.list annotated.list
    ok "a whole kernel of them" test "$(wc -l <plain.list)" -gt 500
    # Made from the finished kernel, so that their data tells its size and addresses: only their code is compared.
    finished='\.tmp_vmlinux\.kallsyms[0-9]\.o|arch/x86/boot/compressed/piggy\.o|arch/x86/boot/header\.o'
    # And this one's code and constants have the kernel's size.
    kernel_size() {
        local end text
        end=$(sed -n 's/^#define VO__end _AC(\(.*\),.*/\1/p' "$1/arch/x86/boot/voffset.h")
        text=$(sed -n 's/^#define VO__text _AC(\(.*\),.*/\1/p' "$1/arch/x86/boot/voffset.h")
        echo $((end - text))
    }
    while read -r object; do
        [[ $object != ./arch/x86/boot/compressed/misc.o ]] || printf 'sizes=%s,%s ' "$(kernel_size "$plain")" "$(kernel_size "$OBJECTS")"
        [[ ! $object =~ ^\./($finished)$ ]] || printf 'code '
        echo "$plain/$object $OBJECTS/$object"
    done <plain.list >pairs
    ok "of a few the code only" test "$(grep -c '^code ' pairs)" -le 5
    ok "the same instructions, data, relocations and symbols" \
        bash -c 'set -o pipefail; "$0/compare-streams" pairs | tee streams' "$TEST_TOOLS"
    sed 's/^/# /' streams
    ok "and all of them" grep -q "^$(wc -l <plain.list) pairs, " streams
    ok "pads by the thousand, fills by the hundred at most" \
        awk -v least=$sites '/left out:/ { pads = $3; for (i = 1; i <= NF; i++) if ($i == "fills") fills = $(i - 1) } END { exit !(pads > least && fills < 1000) }' streams
    ;;
off)
    build plain
    plain=$OBJECTS
    build off
    objects "$plain" >plain.list
    objects "$OBJECTS" >off.list
    ok "the same objects" diff plain.list off.list
    ok "byte for byte: $(wc -l <plain.list) objects, vmlinux" bash -c 'while read -r o; do cmp "$0/$o" "$1/$o" || exit 1; done <plain.list; cmp "$0/vmlinux" "$1/vmlinux"' "$plain" "$OBJECTS"
    ;;
cost)
    build plain
    plain=$OUTPUT
    build annotated
    # On one processor, several ones' kernel, too: QEMU that counts instructions never brings up a second. What
    # annotating costs on two at once is not measured.
    ok "neutral cost within the limits" bash -c 'set -o pipefail; "$0/tests/bench/neutral-cost" --check "$1" "$2" | tee cost' "$SOURCE_DIR" "$plain" "$OUTPUT"
    sed 's/^/# /' cost
    ;;
xen)
    processors=1 # as many as the wedge has
    build annotated
    link_image
    ok "the image verifies as the kernel does" bash -c '"$0" verify image >/dev/null' "$AFTERBURNER"
    ok "bound for Xen, too" bash -c '"$0" verify --bound xen image | tee bound' "$AFTERBURNER"
    sum=$(sha256sum image)
    # A 32-bit process of our own: its system calls, its thread-local segment over switches of tasks, its selector.
    with_program process-32 -m32 -nostdlib -ffreestanding -fno-pic -fno-stack-protector
    for place in native xen; do
        ok "$place: the workload runs" on $place 0 ""
        ok "$place: a shell command's exit code comes back" on $place 42 "exit%2042"
        ok "$place: a 32-bit process" on $place 5 "/bin/process-32"
        ok "$place: every module loads and unloads" on $place 0 /module-test
        on $place 0 /module-test >console.$place 2>&1
    done
    tr -d '\r' <console.native | grep -E '^(module|workload|32-bit)' | sort >words.native
    tr -d '\r' <console.xen | grep -E '^(module|workload|32-bit)' | sort >words.xen
    ok "the same words on both" diff words.native words.xen
    ok "and they are many" test "$(wc -l <words.xen)" -gt 30
    ok "no warning of the kernel's on Xen" bash -c '! grep -E "WARNING:|BUG:|Oops|Call Trace" console.xen'
    on xen 0 "" --xen-log xen.log >/dev/null 2>&1
    ok "no site was missed" bash -c '! grep "missed site" xen.log'
    ok "one and the same file" test "$sum" = "$(sha256sum image)"
    ;;
domu)
    build annotated
    "$AFTERBURNER" doctor --for xen-domu >missing || skip "$(grep -m 1 -E 'missing|broken' missing)" "scripts/fetch-xen ~/.cache/afterburner/xen; scripts/fetch-dom0 ~/.cache/afterburner/xen-dom0"
    link_image
    sum=$(sha256sum image)
    with_program process-32 -m32 -nostdlib -ffreestanding -fno-pic -fno-stack-protector
    ok "the workload runs" on xen-domu 0 ""
    for place in native xen-domu; do
        on $place 0 "/module-test;/bin/process-32;true" 2>&1 | tr -d '\r' | grep -E '^(module|workload|32-bit)' | sort >words.$place
    done
    ok "every module, and a 32-bit process, as on bare hardware" diff words.native words.xen-domu
    ok "and that is something" test "$(wc -l <words.native)" -gt 20
    with_program vectors
    for place in native xen xen-domu; do
        ok "vector registers stay each process's own: $place" on $place 0 /bin/vectors
    done
    ok "a shell command's exit code comes back" on xen-domu 42 "exit%2042"
    ok "a reset without an exit code is a crash: 120" on xen-domu 120 "reboot%20-f"
    ok "a shell on the console" code 21 bash "$SOURCE_DIR/tests/boot/talk.sh" "echo $(seq -s " " 1000 1060)" \
        "$AFTERBURNER" run --on xen-domu --interactive --timeout 300 --initrd "$OUTPUT/initramfs.cpio.gz" \
        --append "console=ttyS0 panic=-1 quiet afterburner.shell" image
    # The sample for administrators, with the paths and the name that the first domain's script has.
    dom0=${AFTERBURNER_DOM0:-${XDG_CACHE_HOME:-$HOME/.cache}/afterburner/xen-dom0}
    mkdir -p sample
    sed -e 's#/var/lib/xen/images/linux.image#/guest/image#; s#/var/lib/xen/images/initramfs.cpio.gz#/guest/initrd#' \
        -e 's/"annotated-linux"/"guest"/; s/^on_\(.*\)=.*/on_\1= "preserve"/' "$SOURCE_DIR/examples/xl/domain.cfg" >sample/sample.cfg
    sed 's#/guest/domain.cfg#/sample.cfg#' "$SOURCE_DIR/scripts/dom0-init" >sample/init
    chmod +x sample/init
    cp "$dom0/vmlinuz" "$dom0/made-by" sample/
    (cat "$dom0/initrd" && cd sample && printf 'init\nsample.cfg\n' | cpio -o -H newc --quiet | gzip) >initrd
    mv initrd sample/
    ok "by the sample of examples/xl" on xen-domu 0 "" --memory 384 --dom0 sample --xen-log sample.log
    ok "it was that: its memory" grep -q "^wedge: on Xen, 256 MB" sample.log
    ok "one and the same file" test "$sum" = "$(sha256sum image)"
    ;;
load)
    build annotated
    link_image
    with_program load -pthread
    for place in native xen; do
        ok "$place: the load" on $place 0 /bin/load
        on $place 0 /bin/load 2>&1 | tr -d '\r' >console.$place
        grep '^load: ' console.$place >"words.$place"
    done
    ok "the same words on both" diff words.native words.xen
    ok "all is well in them" bash -c 'test "$(grep -c ": ok$" words.xen)" -eq 11'
    ok "no warning of the kernel's on Xen" bash -c '! grep -E "WARNING:|BUG:|Oops|Call Trace|lost|stall" console.xen'
    ;;
many)
    build annotated
    link_image --shadow-memory 4
    with_program load -pthread
    # The wedge keeps a sixteenth of the domain's memory, and Xen some of the machine's: of 192 MB the domain gets 128.
    ok "1000 processes at once" bash -c 'set -o pipefail; "$@" | tee console' _ "$AFTERBURNER" run --on xen --memory 192 --timeout 600 \
        --initrd initramfs.cpio.gz --xen-log xen.log \
        --append "console=ttyS0 panic=-1 quiet afterburner.run=echo%204000%20>/proc/sys/kernel/threads-max;ulimit%20-u%204000;/bin/load%20many%201000" image
    ok "and all of them ended well" grep -q '^load: 1000 of them ended well' console
    ok "with 4 MB for shadow tables" grep -q 'wedge: .* MB for the guest, 1024 pages for shadow tables' xen.log
    ok "in 128 MB" grep -q 'wedge: on Xen, 128 MB' xen.log
    grep 'shadow tables in use' xen.log | sed 's/^/# /'
    ;;
binding)
    build annotated
    link_image
    cp "$OUTPUT/initramfs.cpio.gz" .
    # A tick is an instruction there.
    ok "a run whose time is counted in instructions" on xen 0 exit%200 --deterministic --xen-log xen.log
    read -r sites ticks < <(sed -n 's/^wedge: \([0-9]*\) sites bound for xen, in \([0-9]*\) ticks.*/\1 \2/p' xen.log)
    ok "all sites: $sites" test "$sites" -eq "$("$AFTERBURNER" sites --count image | awk '$1 == "total" { print $2 }')"
    ok "bound in less than a million instructions: $ticks" test "$ticks" -gt 0 -a "$ticks" -lt 1000000
    wedge=${AFTERBURNER_WEDGE:-$(dirname "$TEST_TOOLS")/wedge/wedge.elf}
    size=$(($(readelf -lW "$wedge" | awk '$1 == "LOAD" { printf "%s + ", $6 } END { print 0 }')))
    ok "the wedge's code and data are at most 256 KB: $size bytes" test "$size" -le $((256 * 1024))
    ;;
messages) # in virtual time, so that what clocks are measured to be does not depend on this machine's load
    build annotated
    link_image
    cp "$OUTPUT/initramfs.cpio.gz" .
    for place in native xen; do
        on $place 0 "exit%200" --memory 192 --deterministic 2>/dev/null | tr -d '\r' >console.$place
    done
    ok "messages by the hundred" test "$(wc -l <console.xen)" -gt 100
    diff console.native console.xen | grep '^[<>]' >differences || true
    grep -v '^#' "$SOURCE_DIR/tests/boot/dmesg.differences" | cut -f1 >patterns
    grep -vEf patterns differences >unexplained
    ok "each of $(wc -l <differences) differing lines is explained" bash -c '! grep . unexplained'
    while read -r pattern; do
        ok "and each explanation has its line: $pattern" grep -qE -- "$pattern" differences
    done <patterns
    ;;
input)
    build annotated
    link_image
    # Longer than the port's FIFO.
    line="echo $(seq -s " " 1000 1060)"
    for place in native xen; do
        ok "$place: a shell on the console" code 21 bash "$SOURCE_DIR/tests/boot/talk.sh" "$line" \
            "$AFTERBURNER" run --on $place --interactive --timeout 200 --initrd "$OUTPUT/initramfs.cpio.gz" \
            --append "console=ttyS0 panic=-1 quiet afterburner.shell" image
        grep -c "^${line#echo }$" check.log >lines.$place
    done
    ok "all lines came back: $(cat lines.xen)" test "$(cat lines.xen)" -eq 20
    ok "on both" diff lines.native lines.xen
    ;;
rewriting)
    [ "$kind" = smp ] || options=(--config-extra "$SOURCE_DIR/tests/boot/rewriting.config")
    build annotated
    ok "the kernel verifies" bash -c '"$0" verify "$1/vmlinux" >report && cat report' "$AFTERBURNER" "$OUTPUT"
    places=(native)
    if [ "$kind" = x86_64 ]; then
        places+=(xen)
        link_image
        ok "and as it is bound" "$AFTERBURNER" verify --bound xen --quiet image
    fi
    with_program filter
    cp "$SOURCE_DIR/tests/boot/rewriting" root/bin/
    (cd root && find . | cpio -o -H newc --quiet | gzip) >added.gz
    cat "$OUTPUT/initramfs.cpio.gz" added.gz >initramfs.cpio.gz
    # The third to the tenth instruction of a function that is called often.
    probes='' number=0
    while read -r address; do
        [ $number -gt 0 ] || start=$((16#$address))
        number=$((number + 1))
        [ $number -lt 3 ] || [ $number -gt 10 ] || probes+="%20vfs_read+$((16#$address - start))"
    done < <(objdump -d --no-show-raw-insn --disassemble=vfs_read "$OUTPUT/vmlinux" | sed -nE 's/^(ffffffff[0-9a-f]{8}):.*/\1/p')
    for place in "${places[@]}"; do
        ok "$place: the kernel rewrites itself" on "$place" 0 "/bin/rewriting$probes"
        tr -d '\r' <check.log | grep '^rewriting: ' >"words.$place"
    done
    sed 's/^/# /' words.native
    for place in "${places[@]}"; do
        ok "$place: the same words" diff words.native "words.$place"
    done
    ok "and they are many" test "$(grep -c ': ok$' words.native)" -ge 15
    ;;
debian)
    kind=debian
    build annotated --minutes "${AFTERBURNER_DEBIAN_MINUTES:-100}"
    ok "the kernel verifies" bash -c 'time "$0" verify --json vmlinux.json "$1/vmlinux" | tee report' "$AFTERBURNER" "$OUTPUT"
    sed 's/^/# /' report
    ok "0 open findings in the certificate" grep -q '"open": 0' vmlinux.json
    ok "and sites by the thousand" bash -c 'test "$("$0" sites --count "$1/vmlinux" | awk "\$1 == \"total\" { print \$2 }")" -gt 5000' "$AFTERBURNER" "$OUTPUT"
    ok "modules by the thousand" test "$(find "$OUTPUT/modules" -name '*.ko' | wc -l)" -gt 3000
    ok "every module verifies" bash -c 'find "$1/modules" -name "*.ko" -print0 | xargs -0 -n 100 -P 2 "$0" verify --quiet' "$AFTERBURNER" "$OUTPUT"
    sites=$(find "$OUTPUT/modules" -name '*.ko' -print0 | xargs -0 -n 1 "$AFTERBURNER" sites --count 2>/dev/null | awk '$1 == "total" { sum += $2 } END { print sum }')
    echo "# sites in modules: $sites; $(tr '\n' ' ' <"$OUTPUT/build-times")"
    ;;
missed)
    build annotated
    link_image
    cp "$OUTPUT/initramfs.cpio.gz" .
    ok "the kernel without its sites for ports" bash -c '"$0/drop-class" PORT "$1/vmlinux" ports >dropped' "$TEST_TOOLS" "$OUTPUT"
    ok "verify finds all $(cat dropped)" bash -c '"$0" verify ports | tee verified | grep -q "findings: $(cat dropped) open"; grep -c "(in)$\|(out)$\|(ins)$\|(outs)$" verified' "$AFTERBURNER"
    ok "link takes it, and says so" bash -c '"$0" link ports -o image 2>said; code=$?; cat said; test $code -eq 0 && grep -q "$(cat dropped) sensitive instructions without a site" said' "$AFTERBURNER"
    ok "verify --bound counts on their traps" bash -c '"$0" verify --bound xen --quiet --json bound.json image; jq -e ".bound.relies_on_trap.count == $(cat dropped)" bound.json' "$AFTERBURNER"
    ok "it boots and works on Xen" bash -c '"$@" 2>said' _ "$AFTERBURNER" run --on xen --timeout 300 --initrd initramfs.cpio.gz \
        --xen-log xen.log --append "console=ttyS0 panic=-1" image
    grep 'missed site' xen.log | sort >missed.log
    ok "sites were missed: $(wc -l <missed.log)" test "$(wc -l <missed.log)" -gt 30
    ok "each is named once" bash -c '! cut -d, -f1 missed.log | uniq -d | grep .'
    ok "with its function" bash -c 'test "$(grep -cE "^  missed: [a-zA-Z0-9_.]+\+0x[0-9a-f]+ \(0x" said)" -eq "$(wc -l <missed.log)"'
    ok "on bare hardware, too" on native 0 "" # they are what they were
    ok "the kernel without its sites for flags" bash -c '"$0/drop-class" FLAGS "$1/vmlinux" flags >dropped' "$TEST_TOOLS" "$OUTPUT"
    ok "verify refuses it" code 1 "$AFTERBURNER" verify --quiet flags
    ok "link refuses it" bash -c '"$0" link flags -o refused 2>said; code=$?; cat said; test $code -eq 1 && ! test -e refused && grep -q "sensitive instruction outside every site.*(popf)" said' "$AFTERBURNER"
    ok "--allow-unsound says what it allows" bash -c '"$0" link --allow-unsound flags -o allowed 2>said; code=$?; cat said; test $code -eq 0 && grep -q "allowed: [0-9]* open findings" said' "$AFTERBURNER"
    ;;
*)
    echo "unknown test $1"
    exit 2
    ;;
esac
finish
