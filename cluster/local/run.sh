#!/usr/bin/env bash
# A cluster of three nodes on this machine: HTTP on 7001 to 7003, node to node on 7101 to 7103, everything under var/.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage() {
    cat <<'USAGE'
Usage: run.sh start [--background] | stop | clean

  start   makes what is missing (certificates, an administrator), starts nodes 1 to 3, waits until they serve, writes
          and reads a first key. Ctrl-C stops the cluster; with --background it goes on.
  stop    stops the nodes in good order, also those that were started by hand.
  clean   forgets all data and keys. The cluster must be stopped.
USAGE
}

bin=.build/release
http() { echo "http://127.0.0.1:700$1"; }
command_line() { echo "$bin/gala --config cluster/local/node$1.json"; }
# A node that hangs must not hang the script.
curl() { command curl --max-time 2 "$@"; }
noted_pid() { cat "var/node$1.pid" 2>/dev/null || true; }

# Whether a process is a node of this cluster: a gala that runs in this directory with the node's settings. What a file
# says is not believed: numbers of processes are used again.
is_node() {
    local arguments=() place
    [ "/proc/$1/cwd" -ef . ] || return 1
    mapfile -d '' -t arguments 2>/dev/null <"/proc/$1/cmdline" || return 1
    [ "${#arguments[@]}" -gt 1 ] && [ "${arguments[0]##*/}" = gala ] || return 1
    for ((place = 1; place < ${#arguments[@]}; place++)); do
        case ${arguments[place]} in
        --config) [ "${arguments[place + 1]:-}" -ef "cluster/local/node$2.json" ] && return ;;
        --config=*) [ "${arguments[place]#--config=}" -ef "cluster/local/node$2.json" ] && return ;;
        esac
    done
    return 1
}

# A node's process, whoever has started it; nothing where it does not run.
pid() {
    local process
    for process in $(noted_pid "$1") /proc/[0-9]*; do
        process=${process#/proc/}
        if is_node "$process" "$1"; then
            echo "$process"
            return
        fi
    done
}

runs() { [ -n "$(pid "$1")" ]; }

# Nodes may have been started by hand meanwhile.
note_pids() {
    local node process
    for node in 1 2 3; do
        process=$(pid $node) || true
        if [ -n "$process" ] && [ "$process" != "$(noted_pid $node)" ]; then echo "$process" >"var/node$node.pid"; fi
    done
}

stop() {
    local node process status=0
    for node in 1 2 3; do
        process=$(pid $node) || true
        if [ -n "$process" ]; then kill "$process" 2>/dev/null || true; fi
    done
    for node in 1 2 3; do
        for _ in $(seq 450); do if runs $node; then sleep 0.1; else break; fi; done
        if runs $node; then
            echo "node $node does not end by itself; see var/node$node.log" >&2
            status=1
        else
            rm -f "var/node$node.pid"
        fi
    done
    return $status
}

prepare() {
    mkdir -p var
    "$bin/galactl" cert create-ca --directory var/security >/dev/null
    for node in 1 2 3; do "$bin/galactl" cert create-node $node --directory var/security >/dev/null; done
    if [ ! -f var/admin.json ]; then
        "$bin/gala" create-admin --directory var/security --credentials var/admin.json --cluster-id local
    fi
}

# The first start, until all nodes were ready at once: it may fail half way, and is then repeated.
beginning=var/beginning

# Only where no node has data is this a new cluster. Logs of one that was before are put aside: see may_begin.
note_beginning() {
    local node
    for node in 1 2 3; do if [ -e var/node$node ] || runs $node; then return; fi; done
    for node in 1 2 3; do if [ -e var/node$node.log ]; then mv var/node$node.log var/node$node.log.old; fi; done
    touch "$beginning"
}

# Whether a node may make the first replicas. One that has made them, as its log says, never may again: were its data
# lost, what it had promised to the others would be forgotten. To one that still has them --bootstrap means nothing.
may_begin() {
    [ -e "$beginning" ] || return 1
    if grep -qs 'a new cluster begins' "var/node$1.log"; then return 1; fi
}

start_nodes() {
    local node first
    note_beginning
    for node in 1 2 3; do
        if runs $node; then continue; fi
        first=
        if may_begin $node; then first=--bootstrap; fi
        nohup $(command_line $node) $first >>"var/node$node.log" 2>&1 &
        echo $! >"var/node$node.pid"
        # Until it is a gala, nobody knows it for a node.
        for _ in $(seq 50); do if runs $node || ! kill -0 $! 2>/dev/null; then break; else sleep 0.1; fi; done
    done
    note_pids
}

wait_until_ready() {
    local node end
    for node in 1 2 3; do
        end=$((SECONDS + 30))
        while ((SECONDS < end)); do
            # Whoever answers may be another cluster's node, if this one could not listen and has ended.
            if runs $node && curl -sf -o /dev/null "$(http $node)/readyz" && runs $node; then continue 2; fi
            if ! runs $node; then
                echo "node $node has ended; the end of var/node$node.log:" >&2
                tail -5 "var/node$node.log" >&2
                exit 1
            fi
            sleep 0.1
        done
        echo "node $node is not ready after 30 s:" >&2
        curl -sS "$(http $node)/readyz?verbose" >&2 || true
        exit 1
    done
    rm -f "$beginning"
}

# Asks a node: ask METHOD URL BODY [header …]
ask() {
    local method=$1 url=$2 body=$3
    shift 3
    curl -sS --max-time 30 -X "$method" -H 'Content-Type: application/json' "$@" -d "$body" "$url"
}

member() { sed -n 's/.*"'"$1"'":"\([^"]*\)".*/\1/p'; }

# Somebody signs up, puts money into a wallet and gives to a cause, each step through another node.
first_donation() {
    local name token event gift total
    name=donor-$(date +%s)
    ask POST "$(http 1)/v1/users" '{"username":"'$name'","password":"correct horse battery","name":"A first donor","email":"'$name'@example.org"}' >/dev/null
    token=$(ask POST "$(http 2)/v1/sessions" '{"username":"'$name'","password":"correct horse battery"}' | member accessToken)
    ask POST "$(http 3)/v1/wallet/top-ups" '{"amount":5000,"currency":"USD","source":"tok_ok"}' \
        -H "Authorization: Bearer $token" -H "Idempotency-Key: top-up-$name" >/dev/null
    event=$(ask POST "$(http 1)/v1/events" '{"name":"A well for the village","currency":"USD"}' \
        -H "Authorization: Bearer $token" | member id)
    gift=$(ask POST "$(http 2)/v1/donations" '{"allocations":[{"eventId":"'$event'","amount":1250}],"currency":"USD","source":{"type":"wallet"}}' \
        -H "Authorization: Bearer $token" -H "Idempotency-Key: gift-$name")
    total=$(curl -sS --max-time 30 "$(http 3)/v1/events/$event/totals")
    case $total in
    *'"amount":1250'*) echo "$name has given 12.50 USD through node 2; node 3 shows the cause's total: $total" ;;
    *)
        echo "the first donation did not come about: $gift" >&2
        echo "the cause's total: $total" >&2
        exit 1
        ;;
    esac
}

case ${1:-} in
start)
    prepare
    start_nodes
    wait_until_ready
    first_donation
    "$bin/galactl" status
    cat <<EOT

  HTTP                $(http 1)  $(http 2)  $(http 3)
  administrator       var/admin.json (name, password, token)
  logs                var/node1.log …
  look around         $bin/galactl status
  see it survive      kill -9 \$(cat var/node2.pid), then go on; start it again with
                      $(command_line 2)
EOT
    if [ "${2:-}" = --background ]; then exit; fi
    echo "  Ctrl-C stops the cluster."
    trap 'stop; exit 0' INT TERM
    while true; do
        sleep 1 & wait $!
        note_pids
    done
    ;;
stop) stop ;;
clean)
    for node in 1 2 3; do if runs $node; then echo "node $node runs: make stop first" >&2; exit 1; fi; done
    rm -rf var
    ;;
*)
    usage
    exit 2
    ;;
esac
