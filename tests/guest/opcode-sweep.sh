#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The table against the processor and against the decoders' own opinions: opcode-sweep/README.md.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
ok "the sweep agrees with the table, but for what explained.txt explains" \
    make -C "$SOURCE_DIR/tests/guest/opcode-sweep" O="$PWD/sweep" check
finish
