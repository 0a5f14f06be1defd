#!/usr/bin/env bash
# Proves the last net: builds gala with one defect, and lets `chaos run` harm a cluster of it until it notices.
set -euo pipefail

usage() {
    cat <<'USAGE'
Usage: run.sh [options] [mutation …]

Applies each mutation to a copy of the sources, builds gala, and runs `chaos run` with seeds from 1 on until one finds a
violation. Succeeds when every mutation is caught. Without names, all of them are tried. gala, galactl and chaos must have
been built before (make chaos-programs); a build of gala takes some minutes for each mutation.

Options:
  --seeds N       seeds 1 to N for each mutation (default 5)
  --seconds N     how long there are faults in each run (default 60)
  --scratch DIR   where the copy lives and its build is kept (default .build/mutants-chaos)
  --help          print this

Environment:
  SWIFT_BUILD     the command that builds (default "swift build")
USAGE
}

root=$(cd "$(dirname "$0")/../../.." && pwd)
patches=$root/Tests/Mutations/Chaos
scratch=$root/.build/mutants-chaos
seeds=5
seconds=60
names=()
while [ $# -gt 0 ]; do
    case $1 in
    --seeds) seeds=${2:?--seeds needs a number} && shift ;;
    --seconds) seconds=${2:?--seconds needs a number} && shift ;;
    --scratch) scratch=${2:?--scratch needs a directory} && shift ;;
    --help) usage && exit ;;
    -*) echo "run.sh: no such option: $1, see --help" >&2 && exit 2 ;;
    *) names+=("$1") ;;
    esac
    shift
done
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(for patch in "$patches"/*.patch; do basename "$patch" .patch; done)
for name in "${names[@]}"; do
    [ -f "$patches/$name.patch" ] || { echo "run.sh: no such mutation: $name" >&2 && exit 2; }
done

copy_sources() {
    mkdir -p "$scratch"
    rm -rf "$scratch/Sources" "$scratch/Tests"
    git -C "$root" ls-files -z --cached --others --exclude-standard Package.swift Sources Tests |
        (cd "$root" && xargs -0 ls -d 2>/dev/null) | tar -C "$root" -cf - -T - | tar -C "$scratch" -xf -
    if [ -f "$root/Package.resolved" ]; then cp -p "$root/Package.resolved" "$scratch/"; fi
}

survivors=0
for name in "${names[@]}"; do
    copy_sources
    # The scratch directory may lie inside a repository, which git must not take for the patched one.
    (cd "$scratch" && GIT_CEILING_DIRECTORIES=$(dirname "$scratch") git apply "$patches/$name.patch")
    (cd "$scratch" && ${SWIFT_BUILD:-swift build} -c release --product gala) >"$scratch/build.log" 2>&1 ||
        { echo "run.sh: $name does not build, see $scratch/build.log" >&2 && exit 2; }
    mkdir -p "$scratch/programs"
    cp -f "$scratch/.build/release/gala" "$root/.build/release/galactl" "$scratch/programs/"
    verdict=survived
    began=$(date +%s)
    for seed in $(seq "$seeds"); do
        status=0
        "$root/.build/release/chaos" run --seconds "$seconds" --seed "$seed" --binaries "$scratch/programs" \
            >"$scratch/run.log" 2>&1 || status=$?
        case $status in
        1) verdict="caught by seed $seed: $(grep -m1 '^VIOLATION' "$scratch/run.log" | cut -c12-120)" && break ;;
        2) cat "$scratch/run.log" >&2 && exit 2 ;;
        130) exit 130 ;;
        esac
    done
    echo "$name: $verdict ($(($(date +%s) - began)) s)"
    [ "$verdict" != survived ] || survivors=$((survivors + 1))
done
[ $survivors = 0 ]
