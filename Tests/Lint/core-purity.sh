#!/bin/sh
# Core code reaches time, randomness, threads, files and sockets only through what it is handed, or it could not be
# simulated. This looks for the ways around that. A line that has to be one says why in a comment with `impure:`.
cd "$(dirname "$0")/../.." || exit 2

core='Sources/Raft Sources/IDGen Sources/Domain'
patterns='import (Foundation|FoundationEssentials|Glibc|Dispatch|Synchronization|NIO[A-Za-z]*)
Task *\{|Task\.(sleep|detached|yield)|DispatchQueue|Thread\(
Date\(\)|ContinuousClock|SuspendingClock|clock_gettime|time\(nil\)
SystemRandomNumberGenerator|UUID\(\)|\.random\(in: [^,)]*\)|\.shuffled\(\)|\.randomElement\(\)
: *(Set<|\[[A-Za-z.]+ *: *[A-Za-z.]+\] *=)|Dictionary\(|Set\('

status=0
for folder in $core; do
    [ -d "$folder" ] || continue
    found=$(echo "$patterns" | while read -r pattern; do
        grep -rnE --include='*.swift' "$pattern" "$folder" | grep -vE ':[0-9]+: *///?|impure:'
    done)
    if [ -n "$found" ]; then
        echo "core code must not do this (see the head of $0):"
        echo "$found"
        status=1
    fi
done
exit $status
