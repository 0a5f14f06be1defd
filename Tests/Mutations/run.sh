#!/usr/bin/env bash
# Proves the nets: seeds one defect at a time in the sources and runs a simulation until it finds it.
set -euo pipefail

usage() {
    cat <<'USAGE'
Usage: run.sh [options] [mutation …]

Applies each mutation to a copy of the sources, builds the simulation in release and runs seeds until one fails.
Succeeds when the unmutated sources pass every seed and every mutation is caught. Without names, all mutations of the
set are tried.

Options:
  --set SET       raft: mutations of the consensus core, which raft-harness has to find (default)
                  store: mutations of the store, its log and its state machine, which galasim has to find
                  transactions-sim: mutations of transactions, which galasim has to find
                  domain: mutations of what moves money, which domain-harness has to find
                  domain-sim: the same, which galasim has to find with donations on simulated clusters
                  transactions: rules of the transaction protocol, whose absence transaction-explorer has to find
  --seeds N       seeds 1 to N for each mutation (default 3000, 200 for the domain, and 500 for the others)
  --steps N       events with faults in each run of raft-harness (default 2000)
  --scratch DIR   where the copy lives and its build is kept (default .build/mutants)
  --markdown      print the final table as Markdown
  --list          list the mutations and what they break
  --help          print this

Environment:
  SWIFT_BUILD     the command that builds (default "swift build")
USAGE
}

root=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$root/.build/mutants
set=raft
seeds=
steps=2000
prefix=
action=try
format=text
names=()

fail() {
    echo "run.sh: $*" >&2
    exit 2
}

# The prose before the diff, as one line.
prose() { sed '/^--- a\//,$d' "$patches/$1.patch" | tr -s '\n' ' ' | sed 's/ $//'; }

# Those of transactions lie together: what begins with sim- is for galasim, the others for transaction-explorer.
all_names() {
    for patch in "$patches"/*.patch; do
        case $(basename "$patch") in
        sim-*) [ "$prefix" = sim- ] || continue ;;
        *) [ -z "$prefix" ] || continue ;;
        esac
        basename "$patch" .patch
    done
}

while [ $# -gt 0 ]; do
    case $1 in
    --set) set=${2:?--set needs a name} && shift ;;
    --seeds) seeds=${2:?--seeds needs a number} && shift ;;
    --steps) steps=${2:?--steps needs a number} && shift ;;
    --scratch) scratch=${2:?--scratch needs a directory} && shift ;;
    --markdown) format=markdown ;;
    --list) action=list ;;
    --help)
        usage
        exit
        ;;
    -*) fail "no such option: $1, see --help" ;;
    *) names+=("$1") ;;
    esac
    shift
done

# A set is patches, and a simulation that runs seeds, or explores worlds, until one fails.
flags=()
case $set in
raft)
    patches=$root/Tests/Mutations
    product=raft-harness
    seeds=${seeds:-3000}
    simulate=(raft-harness --steps "$steps")
    ;;
store)
    patches=$root/Tests/Mutations/Store
    product=galasim
    seeds=${seeds:-500}
    simulate=(galasim run)
    ;;
transactions-sim)
    patches=$root/Tests/Mutations/Transactions
    prefix=sim-
    product=galasim
    seeds=${seeds:-500}
    simulate=(galasim run)
    ;;
domain)
    patches=$root/Tests/Mutations/Domain
    product=domain-harness
    seeds=${seeds:-200}
    simulate=(domain-harness)
    ;;
domain-sim)
    patches=$root/Tests/Mutations/Domain
    product=galasim
    seeds=${seeds:-200}
    simulate=(galasim run --workload donations)
    ;;
transactions)
    patches=$root/Tests/Mutations/Transactions
    product=transaction-explorer
    seeds=all
    simulate=(transaction-explorer run all)
    flags=(-Xswiftc -enable-testing)
    ;;
*) fail "no such set: $set, see --help" ;;
esac

if [ $action = list ]; then
    for name in $(all_names); do printf '%s\n    %s\n' "$name" "$(prose "$name")"; done
    exit
fi
for name in "${names[@]}"; do [ -f "$patches/$name.patch" ] || fail "no such mutation: $name, see --list"; done
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(all_names)

# Everything that git knows or would, as it is now; whatever is gone here goes there too.
copy_sources() {
    mkdir -p "$scratch"
    rm -rf "$scratch/Sources" "$scratch/Tests"
    git -C "$root" ls-files -z --cached --others --exclude-standard Package.swift Sources Tests |
        (cd "$root" && xargs -0 ls -d 2>/dev/null) | tar -C "$root" -cf - -T - | tar -C "$scratch" -xf -
    if [ -f "$root/Package.resolved" ]; then cp -p "$root/Package.resolved" "$scratch/"; fi
}

# The scratch directory may lie inside a repository, which git must not take for the patched one.
apply() { (cd "$scratch" && GIT_CEILING_DIRECTORIES=$(dirname "$scratch") git apply "$@" "$patches/$name.patch"); }

# Assertions stay on, for the message of a trap tells what was violated.
build() {
    (cd "$scratch" && ${SWIFT_BUILD:-swift build} -c release --product "$product" \
        -Xswiftc -assert-config -Xswiftc Debug "${flags[@]}") >"$scratch/build.log" 2>&1
}

# Runs the simulation. Sets `verdict` to survived or caught, `rule` to what was violated and `seed` to where.
try() {
    local status=0 line trials=()
    [ "$seeds" = all ] || trials=(--seeds "1..$seeds" --workers 1 --announce)
    SWIFT_BACKTRACE=enable=no timeout 300 "$scratch/.build/release/${simulate[0]}" "${simulate[@]:1}" \
        "${trials[@]}" >"$scratch/run.log" 2>&1 || status=$?
    verdict=caught
    seed=$(grep -aE '^seed [0-9]+ begins|^exploring ' "$scratch/run.log" | tail -1 | cut -d' ' -f2)
    case $status in
    0) verdict=survived seed=- rule=- ;;
    124) rule='does not end' ;;
    *)
        line=$(grep -a -m1 -E '^(seed )?[a-z0-9-]+ failed: |(Fatal error|Precondition failed|Assertion failed): ' "$scratch/run.log" || echo "exit status $status")
        rule=$(sed -E 's/^(seed )?[a-z0-9-]+ failed: //; s/.*(Fatal error|Precondition failed|Assertion failed): /trap: /' <<<"$line")
        ;;
    esac
}

copy_sources
build || { tail -20 "$scratch/build.log" >&2 && fail "the unmutated sources do not build"; }
try
[ $verdict = survived ] || fail "the unmutated $product fails at seed $seed: $rule"
echo "unmutated: $seeds seeds pass" >&2

rows=()
escaped=0
for number in "${!names[@]}"; do
    name=${names[$number]}
    rule=- seed=-
    if ! apply 2>"$scratch/apply.log"; then
        verdict='does not apply'
    else
        if build; then try; else verdict='does not build'; fi
        apply --reverse
    fi
    [ "$verdict" = caught ] || escaped=$((escaped + 1))
    rows+=("$name|$verdict|$seed|${rule:0:100}")
    echo "$((number + 1)) of ${#names[@]}: $name: $verdict, seed $seed, $rule" >&2
done

if [ $format = markdown ]; then
    echo '| mutation | what it breaks | caught by | seeds |'
    echo '| --- | --- | --- | ---: |'
    for row in "${rows[@]}"; do
        IFS='|' read -r name verdict seed rule <<<"$row"
        [ "$verdict" = caught ] || rule="**$verdict**"
        echo "| \`$name\` | $(prose "$name") | $rule | $seed |"
    done
else
    (echo 'mutation|verdict|seed|caught by' && printf '%s\n' "${rows[@]}") | column -t -s '|'
fi
echo "${#rows[@]} mutations, $((${#rows[@]} - escaped)) caught" >&2
[ $escaped -eq 0 ]
