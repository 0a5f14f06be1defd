#!/usr/bin/env bash
# Runs the crash trials: kills, power cuts, and power cuts on a disk that lies, which must be noticed.
set -euo pipefail

usage() {
    cat <<'USAGE'
Usage: run.sh [options]

Runs crash-trial as built for release. Exits with 0 when nothing was lost and the lying disk was caught, 1 when not,
and 77 when the kills passed but the power cuts were skipped because they need root.

Options:
  --kills N   kills (default 50; 0: none)
  --cuts N    power cuts, of which as many again on a disk that lies (default 20; 0: none)
  --seed N    decides commands and moments (default: drawn, and printed)
  --binary F  the crash-trial to run (default .build/release/crash-trial)
  --help      print this
USAGE
}

root=$(cd "$(dirname "$0")/../.." && pwd)
kills=50
cuts=20
seed=$((RANDOM * 32768 + RANDOM))
binary=$root/.build/release/crash-trial

while [ $# -gt 0 ]; do
    case $1 in
    --kills) kills=${2:?--kills needs a number} && shift ;;
    --cuts) cuts=${2:?--cuts needs a number} && shift ;;
    --seed) seed=${2:?--seed needs a number} && shift ;;
    --binary) binary=${2:?--binary needs a file} && shift ;;
    --help)
        usage
        exit
        ;;
    *)
        echo "run.sh: no such option: $1, see --help" >&2
        exit 2
        ;;
    esac
    shift
done
[ -x "$binary" ] || { echo "run.sh: there is no $binary; build it first" >&2 && exit 2; }

work=$(mktemp -d "${TMPDIR:-/tmp}/crash-trials-XXXXXX")
child=
keep=

# A process that was just killed may still let go of something.
remove_work() {
    for _ in 1 2 3 4 5; do
        rm -rf --one-file-system "$work" 2>/dev/null && return
        sleep 0.3
    done
    echo "run.sh: cannot remove $work" >&2
}

# Whatever happens, no process, no mount and no loop device is left: a trial has a process group of its own, with all
# that it starts, and its mounts go with its last process.
set -m
clean_up() {
    trap - EXIT INT TERM HUP
    if [ -n "$child" ]; then kill -KILL -- "-$child" 2>/dev/null && wait "$child" 2>/dev/null || true; fi
    if [ -n "$keep" ]; then echo "run.sh: what is left is in $work" >&2; else remove_work; fi
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Runs a trial in a directory of its own, in the background, so that a signal is met at once. Sets `status`.
trial() {
    local name=$1
    shift
    echo "== crash-trial $*"
    "$binary" "$@" --seed "$seed" --directory "$work/$name" &
    child=$!
    status=0
    wait "$child" || status=$?
    child=
}

fail() {
    keep=yes
    echo "run.sh: FAILED: $*" >&2
    exit 1
}

echo "seed $seed"
if [ "$kills" -gt 0 ]; then
    trial kill kill --rounds "$kills"
    [ $status -eq 0 ] || fail "the kills, with exit code $status"
fi
if [ "$cuts" -gt 0 ]; then
    trial power power --rounds "$cuts"
    if [ $status -eq 77 ]; then
        echo "run.sh: the power cuts were SKIPPED" >&2
        exit 77
    fi
    [ $status -eq 0 ] || fail "the power cuts, with exit code $status"

    cc -shared -fPIC -O2 -Wall -Wextra -Werror -o "$work/lying-sync.so" "$root/Tests/CrashTrial/lying-sync.c"
    trial lying power --rounds "$cuts" --lying "$work/lying-sync.so" --keep-going
    [ $status -eq 1 ] || fail "the disk lied and the trial has not noticed: exit code $status"
    echo "the lying disk was caught, as it has to be"
fi
