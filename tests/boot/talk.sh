# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Talks to a shell on a guest's console: bash talk.sh LINE COMMAND...; each line is typed when the answer to the one before is
# there. Ends with the command's exit code; what the guest said is on standard output.
line=$1
shift
coproc run { "$@"; }
pid=$run_PID # which the shell forgets when it ends
exec 3<&"${run[0]}" 4>&"${run[1]}"
hear() { # until a line ends with that
    local words
    while read -r -t 120 -u 3 words; do
        words=${words%$'\r'}
        echo "$words"
        [[ $words != *"$1" ]] || return 0
    done
    echo "never heard: $1"
    return 1
}
hear "built-in commands." || exit 1
sleep 1 # the prompt is no line
for ((i = 0; i < 20; i++)); do
    # What is typed comes back, too, but with the sign at its end.
    echo "$line; echo it was line $i #" >&4
    hear "it was line $i" || exit 1
done
# shellcheck disable=SC2016
echo 'read word; echo got $word now #' >&4
hear "now #" && sleep 0.2 && echo something >&4
hear "got something now" || exit 1
echo 'exit 21' >&4
cat <&3
wait "$pid"
