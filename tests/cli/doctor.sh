#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `afterburner doctor`: names what is there, what lacks and the command that mends it.
# shellcheck source=tests/lib.sh
. "$SOURCE_DIR/tests/lib.sh"
ok "all the demo needs is here" code 0 "$AFTERBURNER" doctor --for demo
ok "all ./check needs is here" code 0 "$AFTERBURNER" doctor --for check
ok "JSON" bash -c '"$0" doctor --json | python3 -m json.tool >/dev/null 2>&1 || "$0" doctor --json | grep -q "\"items\""' "$AFTERBURNER"
ok "a missing tool is named, with the command that mends it" bash -c '
    mkdir bin; for t in sh bash; do ln -s "$(command -v $t)" bin/; done
    ! PATH=$PWD/bin "$0" doctor --for demo >report; grep -q "apt-get install" report && grep -qi missing report' "$AFTERBURNER"
ok "an unknown use is a usage error" code 2 "$AFTERBURNER" doctor --for moon
finish
