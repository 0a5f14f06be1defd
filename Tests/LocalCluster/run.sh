#!/usr/bin/env bash
# Whether cluster/local/run.sh finds the nodes of its own cluster and nothing else, however they were started. Nodes are
# stand-ins: processes that are called as nodes are, and sleep. And whether it begins a cluster once, and no node anew.
set -euo pipefail
script=$(cd "$(dirname "$0")/../.." && pwd)/cluster/local/run.sh
place=$(mktemp -d)
started=()
trap 'kill -9 "${started[@]}" 2>/dev/null || true; rm -rf "$place"' EXIT

fail() { echo "local cluster: $1" >&2; exit 1; }

# A tree with the script and settings.
tree() {
    mkdir -p "$1/cluster/local" "$1/var"
    cp "$script" "$1/cluster/local/"
    for node in 1 2 3; do echo '{}' >"$1/cluster/local/node$node.json"; done
}

# Starts a stand-in: stand_in DIRECTORY NAME [argument …]
stand_in() {
    local directory=$1 name=$2
    shift 2
    (cd "$directory" && exec -a "$name" bash -c 'trap "exit 0" TERM; while :; do sleep 0.1; done' "$@") &
    process=$!
    started+=("$process")
    disown "$process"
    for _ in $(seq 50); do
        if [ "$(tr '\0' ' ' <"/proc/$process/cmdline" | cut -d' ' -f1)" = "$name" ]; then return; else sleep 0.1; fi
    done
    fail "no stand-in"
}

lives() { kill -0 "$1" 2>/dev/null; }

tree "$place/here"
tree "$place/there"
run() { "$place/here/cluster/local/run.sh" "$1" >/dev/null 2>&1; }

# By hand, after another process was killed whose number somebody else has now.
stand_in "$place/here" .build/release/gala --config cluster/local/node2.json
by_hand=$process
stand_in "$place/here" .build/release/gala "--config=$place/here/cluster/local/node3.json"
by_other_path=$process
stand_in "$place/here" somebody --config cluster/local/node2.json
somebody=$process
stand_in "$place/there" .build/release/gala --config cluster/local/node1.json
elsewhere=$process
echo "$somebody" >"$place/here/var/node2.pid"
echo "$somebody" >"$place/here/var/node1.pid"

if run clean; then fail "data was removed under a node"; fi
[ -d "$place/here/var" ] || fail "data was removed under a node"
run stop || fail "it does not stop"
if lives "$by_hand"; then fail "a node that was started by hand was not stopped"; fi
if lives "$by_other_path"; then fail "a node with its settings by another path was not stopped"; fi
lives "$somebody" || fail "a process that is no node was ended"
lives "$elsewhere" || fail "another cluster's node was ended"
run clean || fail "data was not removed"
[ ! -e "$place/here/var" ] || fail "data was not removed"

# Programs that note how they are called and end at once, so that no start succeeds. Node 3 does not begin: a port of its
# own is taken.
tree "$place/new"
cd "$place/new"
mkdir -p .build/release
cat >.build/release/gala <<'PROGRAM'
#!/usr/bin/env bash
[ "$1" = --config ] || exit 0
node=${2//[!0-9]/}
if [ "${3:-}" = --bootstrap ]; then echo "$node" >>begun; fi
if [ "$node" = 3 ]; then exit 2; fi
mkdir -p "var/node$node"
if [ "${3:-}" = --bootstrap ]; then echo '{"message":"a new cluster begins"}'; fi
PROGRAM
printf '#!/bin/sh\n' >.build/release/galactl
chmod +x .build/release/gala .build/release/galactl

# Expects a start in which these nodes are told to begin a cluster: begins NODES
begins() {
    : >begun
    if cluster/local/run.sh start >/dev/null 2>&1; then fail "it starts where no node stays"; fi
    local nodes
    nodes=$(tr -d '\n' <begun)
    [ "$nodes" = "$1" ] || fail "told to begin: \"$nodes\", not \"$1\""
}

begins 123
begins 3
rm -r var/node1
begins 3
# All were ready since.
rm var/beginning
begins ""
rm -r var
begins 123
# All data was removed by hand, logs were not.
rm -r var/node*[12]
begins 123
[ -e var/node1.log.old ] || fail "an old log was not put aside"
cluster/local/run.sh clean || fail "data was not removed"
[ ! -e var ] || fail "data was not removed"
