#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# examples/ci/annotated-kernel, as another project's CI would use it: what passes, what fails and what is skipped is in the
# reports, and in the exit code.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
command -v qemu-system-x86_64 >/dev/null || skip "QEMU is missing" "apt-get install qemu-system-x86"
command -v xmllint >/dev/null || skip "xmllint is missing" "apt-get install libxml2-utils"
script=$SOURCE_DIR/examples/ci/annotated-kernel
cp -r "$SOURCE_DIR/examples/hello-kernel" project

# report XPATH WANTED: what the JUnit report says.
report() { [ "$(xmllint --xpath "$1" results/junit.xml)" = "$2" ] || { cat results/junit.xml; return 1; }; }
ktap() { grep -qxE -- "$1" results/ktap.txt || { cat results/ktap.txt; return 1; }; }
run() { # CODE OPTION... -- BUILD...
    local wanted=$1
    shift
    rm -rf results
    code "$wanted" "$script" --results results --elf project/build/hello-kernel.elf "$@"
}
build=(make -s -C project)

ok "a good kernel" run 0 --policy project/policy --expect 'hello-kernel: all done' -- "${build[@]}" CC=@CC@
ok "JUnit: four cases, none failed" bash -c 'test "$(xmllint --xpath "concat(/testsuite/@tests, /testsuite/@failures, /testsuite/@skipped)" results/junit.xml)" = 400'
ok "JUnit: with their times" report 'count(//testcase[@time > 0])' 4
ok "KTAP: version, plan, results" bash -c 'head -n 2 results/ktap.txt | diff - <(printf "KTAP version 1\n1..4\n") && test "$(grep -c "^ok" results/ktap.txt)" -eq 4'
ok "the certificate is there" grep -q '"open": 0' results/certificate.json
ok "so is the console" grep -q 'hello-kernel: all done' results/console-native
ok "a guest's own exit code" run 0 --policy project/policy --append exit=42 --exit-code 42 -- "${build[@]}" CC=@CC@
ok "another than wanted" run 1 --policy project/policy --append exit=42 -- "${build[@]}" CC=@CC@
ok "JUnit: that is a failure" report 'string(//testcase[failure]/@name)' "boot on native"
ok "KTAP, too" ktap 'not ok 3 boot on native'
ok "and says why" ktap '# the guest ended with 42, not 0'
ok "a line that does not come" run 1 --policy project/policy --expect 'no <such> & line' -- "${build[@]}" CC=@CC@
ok "JUnit stays XML" report 'string(//testcase[failure]/@name)' "console on native, 1"
rm -rf project/build
ok "a kernel that was not annotated" run 1 -- "${build[@]}"
ok "JUnit: verify failed, the boot did not" report 'concat(count(//failure), //testcase[failure]/@name)' 1verify
ok "a build that fails" run 1 -- false
ok "JUnit: the rest is skipped" report 'concat(/testsuite/@failures, /testsuite/@skipped)' 12
ok "KTAP: with the reason" ktap 'ok 2 verify # SKIP not run: the build failed'
if "$AFTERBURNER" doctor --for xen >/dev/null; then
    rm -rf project/build
    ok "both places" run 0 --policy project/policy --on native,xen --expect 'hello-kernel: all done' -- "${build[@]}" CC=@CC@
    ok "JUnit: with the link" report 'concat(/testsuite/@tests, //testcase[contains(@name, "link")]/@name)' "7link for xen"
fi
ok "no kernel named" code 2 "$script" -- true
ok "no build command" code 2 "$script" --elf x
ok "an unknown place" code 2 "$script" --elf x --on moon -- true
ok "no Afterburner" env AFTERBURNER=/no/such bash -c '"$0" --elf x -- true 2>said; test $? -eq 5 && grep -q "not found" said' "$script"
finish
