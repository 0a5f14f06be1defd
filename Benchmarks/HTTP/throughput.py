#!/usr/bin/env python3
"""Puts and linearizable gets a second over HTTP, Gala beside etcd's JSON gateway, by wrk.

Three nodes and wrk share the machine. 10,000 keys with values of 256 bytes, drawn evenly; every put is on the disks of a
majority before it is answered, every get is linearizable. The systems take turns, each alone on the machine and each
round with a new cluster; the table shows medians of the rounds. Requests go to the node that leads (of Gala, the keys'
partition; others lead the other partitions, the timestamps' among them), or with --spread to all three.
"""
import argparse
import json
import pathlib
import re
import shutil
import statistics
import subprocess

import clients
import peers

HERE = pathlib.Path(__file__).resolve().parent
KEYS = 10_000


class Figures:
    """What wrk says of one run."""

    def __init__(self, text):
        def number(pattern):
            found = re.search(pattern, text)
            if not found:
                raise peers.Trouble(f"wrk says:\n{text}")
            return found

        self.rate = float(number(r"Requests/sec:\s+([\d.]+)").group(1))
        self.p50 = self.milliseconds(number(r"50%\s+([\d.]+)(us|ms|s|m)\b"))
        self.p99 = self.milliseconds(number(r"99%\s+([\d.]+)(us|ms|s|m)\b"))
        bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
        self.failures = (int(bad.group(1)) if bad else 0) + (sum(map(int, broken.groups())) if broken else 0)

    @staticmethod
    def milliseconds(found):
        return float(found.group(1)) * {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}[found.group(2)]


def wrk(peer, verb, connections, seconds, spread):
    """One run; spread over all nodes it is three runs at once, each with a third of the connections."""
    nodes = list(peers.NODES) if spread else [peer.server(b"k0000000")]
    share = max(1, connections // len(nodes))
    threads = min(share, 1 if spread else 2)
    arguments = [verb] + ([peer.token] if peer.name == "gala" else [])
    running = []
    for node in nodes:
        command = ["wrk", f"-t{threads}", f"-c{share}", f"-d{seconds}s", "--latency", "--timeout", "5s", "-s",
                   str(HERE / f"{peer.name}.lua"), f"http://127.0.0.1:{peer.port(node)}", "--", *arguments]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    parts = [Figures(process.communicate()[0]) for process in running]
    whole = parts[0]
    whole.rate = sum(part.rate for part in parts)
    whole.p50 = statistics.median(part.p50 for part in parts)
    whole.p99 = max(part.p99 for part in parts)
    whole.failures = sum(part.failures for part in parts)
    return whole


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binaries", default=str(peers.ROOT / ".build/release"), help="where gala and galactl are")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each system")
    parser.add_argument("--seconds", type=int, default=10, help="of each run")
    parser.add_argument("--connections", default="16,64,256", help="numbers of connections")
    parser.add_argument("--verbs", default="put,get", help="put, get or both")
    parser.add_argument("--systems", default="gala,etcd", help="gala, etcd or both")
    parser.add_argument("--spread", action="store_true", help="ask all three nodes instead of the one that leads")
    parser.add_argument("--format", choices=["markdown", "json"], default="markdown")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        raise peers.Trouble("wrk is not installed: apt-get install wrk")

    systems = []
    for name in options.systems.split(","):
        try:
            systems.append(peers.Gala(options.binaries) if name == "gala" else peers.Etcd())
        except peers.Trouble as trouble:
            print(f"{name} is left out: {trouble}")
    if not systems:
        raise peers.Trouble("there is nothing to measure")
    print(peers.describe_machine())
    print("; ".join(f"{peer.name} {peer.version()}" for peer in systems))
    print(f"medians of {options.rounds} runs of {options.seconds} s, "
          + ("spread over all nodes" if options.spread else "at the leader"), flush=True)
    seen = {}
    for turn in range(options.rounds):
        for peer in systems if turn % 2 == 0 else systems[::-1]:
            peer.start()
            try:
                clients.fill(peer, [peer.port(peer.server(b"k0000000"))], KEYS, b"v" * 256)
                wrk(peer, "put", 64, 2, options.spread)
                for verb in options.verbs.split(","):
                    for connections in map(int, options.connections.split(",")):
                        figures = wrk(peer, verb, connections, options.seconds, options.spread)
                        seen.setdefault((verb, connections, peer.name), []).append(figures)
            finally:
                peer.stop()
    report(options, systems, seen)


def report(options, systems, seen):
    def median(key, name):
        return statistics.median(getattr(figures, name) for figures in seen[key])

    rows = []
    for verb in options.verbs.split(","):
        for connections in map(int, options.connections.split(",")):
            for peer in systems:
                key = (verb, connections, peer.name)
                rates = [figures.rate for figures in seen[key]]
                row = {
                    "verb": verb, "connections": connections, "system": peer.name, "rate": statistics.median(rates),
                    "slowest": min(rates), "fastest": max(rates), "p50": median(key, "p50"), "p99": median(key, "p99"),
                    "failures": sum(figures.failures for figures in seen[key]),
                }
                other = (verb, connections, "etcd")
                if peer.name == "gala" and other in seen:
                    row["ratio"] = row["rate"] / median(other, "rate")
                    row["p99ratio"] = row["p99"] / median(other, "p99")
                rows.append(row)
    if options.format == "json":
        print(json.dumps(rows, indent=1))
        return
    print()
    print("| work | connections | system | per second | slowest | fastest | p50 ms | p99 ms | failed | rate ÷ etcd's "
          "| p99 ÷ etcd's |")
    print("| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for row in rows:
        ratios = f"{row['ratio']:.2f} | {row['p99ratio']:.2f}" if "ratio" in row else "|"
        print(f"| {row['verb']} 256 B | {row['connections']} | {row['system']} | {row['rate']:,.0f} | {row['slowest']:,.0f} "
              f"| {row['fastest']:,.0f} | {row['p50']:.1f} | {row['p99']:.1f} | {row['failures']} | {ratios} |")


if __name__ == "__main__":
    peers.run(main)
