#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The wedge's own decoder, by which it binds code that comes at run time, reads each sample of the table as the record says.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
"$TEST_TOOLS/decode-records" --samples >samples.s
ok "samples by the hundred" test "$(wc -l <samples.s)" -gt 130
ok "are annotated" "$AFTERBURNER_AS" samples.s -o samples.o
ok "and decoded alike" bash -c 'set -o pipefail; "$0/decode-records" samples.o | tee decoded' "$TEST_TOOLS"
ok "all of them" test "$(awk '/sites,/ { print $1 }' decoded)" -gt 120
finish
