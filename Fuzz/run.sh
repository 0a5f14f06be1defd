#!/bin/sh
# Fuzzes each decoder for TIME seconds (60 unless told), from valid encodings and what earlier runs have found.
# Prints a line a decoder; ends with 1 if any of them has a finding, whose input is then kept in Fuzz/var/findings.
# TARGETS limits it to some; SWIFT_BUILD is how to build.
cd "$(dirname "$0")" || exit 2

time=${TIME:-60}
targets=${TARGETS:-frames messages commands requests log snapshots applied-states}
# lld: gold fails on what the address sanitizer adds. Testability: most decoders are internal.
${SWIFT_BUILD:-swift build} -c release -Xswiftc -enable-testing -Xswiftc -sanitize=fuzzer,address \
    -Xswiftc -use-ld=lld -Xcc -fsanitize=address || exit 2

mkdir -p var/findings
status=0
printf '%-16s %12s %9s %9s  %s\n' decoder executions edges corpus result
for target in $targets; do
    program=.build/release/fuzz-$target
    corpus=var/corpus/$target
    mkdir -p "$corpus"
    SWIFT_BACKTRACE=enable=no "$program" seeds "$corpus" || exit 2
    # Limits: no input may take a second, nor have 64 MiB reserved at once.
    SWIFT_BACKTRACE=enable=no "$program" -max_total_time="$time" -max_len=16384 -timeout=5 -rss_limit_mb=2048 \
        -malloc_limit_mb=64 -detect_leaks=0 -print_final_stats=1 -artifact_prefix="var/findings/$target-" \
        "$corpus" >"var/$target.txt" 2>&1
    result=$?
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "var/$target.txt")
    last=$(grep -aE '^#[0-9]+.* cov: ' "var/$target.txt" | tail -n 1)
    edges=$(echo "$last" | sed -E 's/.* cov: ([0-9]+).*/\1/')
    inputs=$(echo "$last" | sed -E 's/.* corp: ([0-9]+).*/\1/')
    if [ $result = 0 ]; then verdict=ok; else verdict="FINDING (see Fuzz/var/$target.txt)"; status=1; fi
    printf '%-16s %12s %9s %9s  %s\n' "$target" "${executions:-?}" "${edges:-?}" "${inputs:-?}" "$verdict"
done
exit $status
