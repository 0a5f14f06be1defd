#!/bin/sh
# Core code reaches time, randomness, threads, files and sockets only through what it is handed, or it could not be
# simulated. This looks for the ways around that. A line that has to be one says why in a comment with `impure:`.
cd "$(dirname "$0")/../.." || exit 2

status=0

# refuse WHAT PATTERNS FOLDER…
refuse() {
    what=$1
    patterns=$2
    shift 2
    for folder in "$@"; do
        [ -d "$folder" ] || continue
        found=$(echo "$patterns" | while read -r pattern; do
            grep -rnE --include='*.swift' "$pattern" "$folder" | grep -vE "$outside|:[0-9]+: *///?|impure:"
        done)
        if [ -n "$found" ]; then
            echo "$what (see $0):"
            echo "$found"
            status=1
        fi
    done
}

# The doors themselves, and what stands behind them on a real machine.
outside='^Sources/KVStore/(Environment/Posix|Engine/RocksDB)/|\.sorted\('

refuse 'core code must not go around its doors to the outside' \
    'import (Foundation|FoundationEssentials|Glibc|Dispatch|Synchronization|NIO[A-Za-z]*)
(^|[^A-Za-z])Task *\{|Task\.(sleep|detached|yield)|DispatchQueue|Thread\(
Date\(\)|ContinuousClock|SuspendingClock|clock_gettime|time\(nil\)
SystemRandomNumberGenerator|UUID\(\)|arc4random|getrandom' \
    Sources/Raft Sources/IDGen Sources/Domain Sources/KVStore Sources/Simulation

refuse 'what runs in the simulated world must not leave its time and its thread' \
    'import (Foundation|FoundationEssentials|Glibc|Dispatch|Synchronization)
(^|[^A-Za-z])Task *[{(]|Task\.(sleep|detached|yield)|DispatchQueue|Thread\(
Date\(\)|ContinuousClock|SuspendingClock|SystemRandomNumberGenerator|UUID\(\)' \
    Tests/DomainSimulation

refuse 'what a seed decides must not depend on how the standard library draws' \
    '\.random\(in:|\.random\(using:|\.shuffled\(|\.shuffle\(|\.randomElement\(' \
    Sources/Raft Sources/IDGen Sources/Domain Sources/KVStore Sources/Simulation

# Where collections without an order are not worth their risk at all.
refuse 'consensus must have no collection without an order' \
    ': *(Set<|\[[A-Za-z.]+ *: *[A-Za-z.]+\] *=)|Dictionary\(|Set\(' \
    Sources/Raft Sources/IDGen

# Elsewhere they may be looked up, and walked only in an order that is made for it.
refuse 'a dictionary is walked in the order of its keys' \
    'in [A-Za-z.]+\.(keys|values) |\.(keys|values)\.(lazy|map|filter|reduce|first|compactMap|forEach)' \
    Sources/KVStore Sources/Simulation

exit $status
