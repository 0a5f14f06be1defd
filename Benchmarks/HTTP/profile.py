#!/usr/bin/env python3
"""Where a node spends its time: samples its process by perf while wrk asks, and groups what it was doing by layer.

Of puts and gets it is the node that leads the most partitions, which wrk asks; of donations, which go to one cause
through all three nodes, the one that is busiest.

Needs perf (apt-get install linux-perf) and the right to use it. Symbols are those of the program as it is shipped.
"""
import argparse
import collections
import os
import re
import shutil
import subprocess
import threading
import time

import clients
import donations
import peers
import throughput

DONORS = 50

# The first that matches a sample's object or symbol counts.
KERNEL = r"^\[kernel|^\[k\]"
LAYERS = [
    ("kernel: sockets", KERNEL, r"tcp|sock|skb|inet|net_|ip_|__dev|loopback|sendmsg|recv|csum|nf_|epoll|eth_|nft"),
    ("kernel: files and disk", KERNEL, r"ext4|blk|bio|nvme|virtio|jbd2|fsync|page_cache|filemap|xfs|folio|writeback|vfs_|submit|iowrite"),
    ("kernel: threads and time", KERNEL, r"sched|futex|switch|hrtimer|wake|idle|rcu|clock|timer|ttwu|enqueue|dequeue|pick_next|update_"),
    ("kernel: memory", KERNEL, r"page|mm_|vma|clear_|fault|memcg|alloc|slab|kmem|copy_"),
    ("kernel: the rest", KERNEL, r""),
    ("RocksDB", r"librocksdb", r""),
    ("TLS", r"", r"aes_|gcm|GHASH|SSL_|ssl_|bssl|CRYPTO_|EVP_|sha256|sha512|chacha|CNIOBoringSSL|NIOSSL|x25519|ecp_"),
    ("allocator", r"libc\.so", r"alloc|free|_int_|chunk|tcache|arena"),
    ("copying and comparing memory", r"", r"memcpy|memmove|memset|memcmp|strlen"),
    ("Swift runtime: counting references", r"libswiftCore", r"[Rr]etain|[Rr]elease|RefCount|bridgeObject|unknownObject|isUniquelyReferenced"),
    ("Swift runtime: tasks", r"libswift_Concurrency|libdispatch", r""),
    ("Swift runtime: types, casts, allocation", r"libswiftCore", r"^swift_|swift::|Metadata|getCache|Conformance|_swift_|dynamicCast|tryCast"),
    ("thread-local variables", r"", r"__tls_get_addr|tlsv"),
    ("checksums and compression", r"", r"crc32c|CChecksum|LZ4|gala_crc"),
    ("Raft", r"", r"\bRaft\."),
    ("store: log", r"", r"KVStore\.(WriteAheadLog|Batch|Log|Sector|PendingBatches|Catalog|Segment|EntriesRecord|StoredRecord)"),
    ("store: wire format", r"", r"KVStore\.(Frame|MessageBatch|Hello|FieldReader|MessageKind)|appendNumber|appendFixed|in KVStore.*code\("),
    ("store: state machine, loop", r"", r"\bKVStore\b"),
    ("node: threads, transport", r"", r"\bGalaNode\b"),
    ("HTTP: Gala's own", r"", r"\bAPI\."),
    ("domain", r"", r"\bDomain\."),
    ("HTTP: server and parser", r"", r"Hummingbird|NIOHTTP|llhttp|HTTPTypes|HTTPField|HTTPHeaders|HTTPRequest|HTTPResponse"),
    ("NIO", r"", r"NIO|ByteBuffer|Channel|EventLoop"),
    ("logging", r"", r"\bLogging\b"),
    ("text", r"", r"String|Unicode|Substring|Character|Foundation|UTF8"),
    ("collections", r"", r"Array|Dictionary|Set<|Hasher|Deque|Heap|Sequence|Collection|Hash|SipHash|Swift\."),
    ("the C library", r"libc\.so|libpthread|ld-linux|vdso|libstdc|libgcc", r""),
]


def layer(place, symbol):
    for name, places, symbols in LAYERS:
        if re.search(places, place) and re.search(symbols, symbol):
            return name
    return "other"


def record(process, seconds, file):
    command = ["perf", "record", "-F", "997", "-e", "cpu-clock", "-p", str(process), "-o", str(file), "--", "sleep", str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True)
    if not file.exists():
        raise peers.Trouble(f"perf says: {done.stderr}")


def samples(file):
    """How many samples there are of each object and symbol."""
    command = ["perf", "script", "-i", str(file), "-F", "ip,sym,dso"]
    text = subprocess.run(command, capture_output=True, text=True, errors="replace").stdout
    counts = collections.Counter()
    for line in text.splitlines():
        found = re.match(r"\s*[0-9a-f]+\s+(.*)\s+\((.*)\)\s*$", line)
        if found:
            symbol, place = found.group(1).strip(), found.group(2)
            counts[(re.sub(r".*/", "", place), re.sub(r"\+0x[0-9a-f]+$", "", symbol))] += 1
    return counts


class Names:
    """Symbols in words: whole, with their modules, to tell layers by; and short, to be shown."""

    def __init__(self, symbols):
        self.whole = self.demangled(symbols, [])
        self.short = self.demangled(symbols, ["--simplified"])

    @staticmethod
    def demangled(symbols, options):
        demangler = shutil.which("swift-demangle")
        if not demangler:
            return {symbol: symbol for symbol in symbols}
        text = subprocess.run([demangler, *options], input="\n".join(symbols), capture_output=True, text=True).stdout
        return dict(zip(symbols, text.split("\n")))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binaries", default=str(peers.ROOT / ".build/release"), help="where gala and galactl are")
    parser.add_argument("--seconds", type=int, default=10, help="of sampling")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--verbs", default="put,get", help="any of put, get and donation")
    parser.add_argument("--others", action="store_true", help="list what belongs to no layer")
    parser.add_argument("--top", type=int, default=15, help="symbols to show")
    options = parser.parse_args()
    for program in ("perf", "wrk"):
        if not shutil.which(program):
            raise peers.Trouble(f"{program} is not installed: apt-get install {'linux-perf' if program == 'perf' else program}")
    verbs = options.verbs.split(",")
    gala = donations.GivingGala(options.binaries, DONORS, 1) if "donation" in verbs else peers.Gala(options.binaries)
    print(peers.describe_machine())
    gala.start()
    try:
        leader = gala.leader()
        if verbs != ["donation"]:
            clients.fill(gala, [gala.port(leader)], throughput.KEYS, b"v" * 256)
        for verb in verbs:
            show(gala, leader, verb, options)
    finally:
        gala.stop()


def processor_ticks(process):
    """The time that a process has been on a processor."""
    fields = open(f"/proc/{process}/stat").read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def busiest(gala):
    """The node whose process works the most, for a second."""
    before = {node: processor_ticks(gala.processes[node].pid) for node in peers.NODES}
    time.sleep(1)
    return max(peers.NODES, key=lambda node: processor_ticks(gala.processes[node].pid) - before[node])


def ask(gala, verb, options):
    if verb == "donation":
        return gala.give(1, options.connections, options.seconds + 4)
    return throughput.wrk(gala, verb, options.connections, options.seconds + 4, False)


def show(gala, leader, verb, options):
    figures = []
    load = threading.Thread(target=lambda: figures.append(ask(gala, verb, options)))
    load.start()
    time.sleep(2)
    if verb == "donation":
        leader = busiest(gala)
    file = gala.directory / f"perf-{verb}"
    record(gala.processes[leader].pid, options.seconds, file)
    load.join()
    counts = samples(file)
    total = sum(counts.values())
    if not total:
        raise peers.Trouble("perf has taken no samples")
    names = Names(sorted({symbol for _, symbol in counts}))
    layers = collections.Counter()
    for (place, symbol), count in counts.items():
        layers[layer(place, names.whole[symbol])] += count
    work = "donations to one cause" if verb == "donation" else f"{verb} 256 B"
    print(f"\n{work}, {options.connections} connections: {figures[0].rate:,.0f} per second; node {leader}'s process was on a "
          f"processor for {total / 997 / options.seconds:.2f} of {os.cpu_count()} cores ({total:,} samples)\n")
    print("| layer | share |\n| --- | ---: |")
    for name, count in layers.most_common():
        print(f"| {name} | {100 * count / total:.1f} % |")
    print("\n| symbol | in | layer | share |\n| --- | --- | --- | ---: |")
    for (place, symbol), count in counts.most_common(options.top):
        text = names.short[symbol]
        text = text if len(text) < 90 else text[:87] + "…"
        print(f"| `{text.replace('|', '∣')}` | {place} | {layer(place, names.whole[symbol])} | {100 * count / total:.1f} % |")
    if options.others:
        for (place, symbol), count in counts.most_common():
            if layer(place, names.whole[symbol]) == "other" and count * 1000 > total:
                print(f"other: {100 * count / total:.1f} % {place} {names.whole[symbol][:150]}")


if __name__ == "__main__":
    peers.run(main)
