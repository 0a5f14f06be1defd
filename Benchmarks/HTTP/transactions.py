#!/usr/bin/env python3
"""How long transactions over one, two and three partitions take, and how many rounds of the log they wait for.

Three nodes, 16 partitions with keys; a transaction writes one key in each of its partitions, which are drawn anew each
time, and so are its keys. wrk asks the node that leads the most partitions. What /metrics counts before and after says how
often a transaction waited for the log and how many timestamps it wanted: one partition takes one round and a timestamp,
several take two rounds and a timestamp, whatever their number.
"""
import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import time

import peers
import throughput

HERE = pathlib.Path(__file__).resolve().parent
COUNTS = ("attempts", "one_round", "committed", "conflicts", "rounds", "timestamps", "timestamp_batches")
# The byte in front of operators' keys in the store.
SPACE = b"\x01"
LETTERS = [bytes([letter]) for letter in b"0123456789abcdefghijklmnopqrstuvwxyz"]


def prefixes(gala):
    """A beginning of keys for each partition that has operators' keys."""
    found = []
    for partition in gala.partitions():
        keys = partition.get("keys")
        if not keys:
            continue
        lower, upper = bytes.fromhex(keys["lower"]), bytes.fromhex(keys["upper"])
        for letter in LETTERS:
            if lower <= SPACE + letter and SPACE + letter + b"\xff" < upper:
                found.append(letter.decode())
                break
    return found


def counts(gala):
    """What all nodes have counted of transactions, once what is under way is over and they have said so."""
    time.sleep(1.5)
    sums = dict.fromkeys(COUNTS, 0.0)
    for node in peers.NODES:
        _, body = gala.ask(node, "GET", "/metrics", timeout=5.0)
        for line in body.decode().splitlines():
            for name in COUNTS:
                if line.startswith(f"gala_transactions_{name}_total "):
                    sums[name] += float(line.split()[1])
    return sums


def wrk(gala, node, parts, connections, seconds, found):
    command = [
        "wrk", f"-t{min(2, connections)}", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "5s", "-s",
        str(HERE / "transactions.lua"), f"http://127.0.0.1:{gala.port(node)}", "--", gala.token, str(parts), ",".join(found),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    return throughput.Figures(done.stdout + done.stderr)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n  transactions.py\n  transactions.py --rounds 1 --seconds 3 --clients 1,64",
    )
    parser.add_argument("--binaries", default=str(peers.ROOT / ".build/release"), help="where gala and galactl are")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each kind; they take turns")
    parser.add_argument("--seconds", type=int, default=10, help="of each run")
    parser.add_argument("--clients", default="1,64", help="numbers of clients, each with a connection")
    parser.add_argument("--partitions", default="1,2,3", help="how many partitions a transaction touches")
    parser.add_argument("--format", choices=["markdown", "json"], default="markdown")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        raise peers.Trouble("wrk is not installed: apt-get install wrk")
    gala = peers.Gala(options.binaries)
    print(peers.describe_machine())
    seen = {}
    gala.start()
    try:
        found = prefixes(gala)
        kinds = [(parts, clients) for parts in map(int, options.partitions.split(","))
                 for clients in map(int, options.clients.split(","))]
        if len(found) < max(parts for parts, _ in kinds):
            raise peers.Trouble(f"only {len(found)} partitions can be written to")
        print(f"gala {gala.version()}: three nodes, {len(found)} partitions that can be written to, asked through the node that "
              f"leads the most; medians of {options.rounds} runs of {options.seconds} s", flush=True)
        wrk(gala, gala.leader(), 1, 64, 2, found)
        for _ in range(options.rounds):
            for parts, clients in kinds:
                node = gala.leader()
                before = counts(gala)
                figures = wrk(gala, node, parts, clients, options.seconds, found)
                after = counts(gala)
                figures.counts = {name: after[name] - before[name] for name in COUNTS}
                seen.setdefault((parts, clients), []).append(figures)
    finally:
        gala.stop()
    report(options, seen)


def report(options, seen):
    rows = []
    for (parts, clients), runs in seen.items():
        def median(name):
            return statistics.median(getattr(figures, name) for figures in runs)

        sums = {name: sum(figures.counts[name] for figures in runs) for name in COUNTS}
        committed = max(1.0, sums["committed"])
        rows.append({
            "partitions": parts, "clients": clients, "rate": median("rate"), "p50": median("p50"), "p99": median("p99"),
            "failures": sum(figures.failures for figures in runs), "rounds": sums["rounds"] / committed,
            "timestamps": sums["timestamps"] / committed, "batches": sums["timestamp_batches"] / committed,
            "attempts": sums["attempts"] / committed,
        })
    if options.format == "json":
        print(json.dumps(rows, indent=1))
        return
    print()
    print("| partitions | clients | per second | p50 ms | p99 ms | failed | rounds each | timestamps each | requests for timestamps "
          "each | attempts each |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for row in rows:
        print(f"| {row['partitions']} | {row['clients']} | {row['rate']:,.0f} | {row['p50']:.2f} | {row['p99']:.2f} "
              f"| {row['failures']} | {row['rounds']:.2f} | {row['timestamps']:.2f} | {row['batches']:.2f} "
              f"| {row['attempts']:.2f} |")


if __name__ == "__main__":
    peers.run(main)
