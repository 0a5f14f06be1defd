#!/usr/bin/env python3
"""Donations a second, from wallets to one hot cause and to a thousand causes: Gala over HTTP, beside PostgreSQL.

One donation moves money from a wallet that must not fall below zero to a cause, counts it, records it, and writes both
histories, in one commit that is on the disks of a majority of three before it is answered.

  gala         POST /v1/donations through all three nodes, by wrk: a token to check, JSON to read, a fresh Idempotency-Key
               for each, whose record is part of the commit, as the receipt to be sent is
  statements   PostgreSQL, primary and two standbys with a synchronous quorum: five statements between begin and commit
  function     the same as one call of a stored function

PostgreSQL is asked by pgbench over its own protocol with prepared statements; it checks no token and keeps no key. Its
100,000 wallets hardly ever meet; Gala's do. The systems take turns, each alone on the machine and each round with new
clusters; the table shows medians of the rounds.
"""
import argparse
import concurrent.futures
import http.client
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import time

import peers
import postgresql

HERE = pathlib.Path(__file__).resolve().parent
PASSWORD = "correct horse battery"


class Figures:
    """What one run has come to."""

    def __init__(self, rate, milliseconds, failures):
        self.rate = rate
        self.failures = failures
        self.p50 = self.at(milliseconds, 0.50)
        self.p99 = self.at(milliseconds, 0.99)

    @staticmethod
    def at(milliseconds, share):
        return milliseconds[int(share * (len(milliseconds) - 1))] if milliseconds else float("nan")


class GivingGala(peers.Gala):
    """A cluster with donors who have money, and causes."""

    def __init__(self, binaries, donors, causes):
        super().__init__(binaries)
        self.donors = donors
        self.causes = causes
        self.runs = 0
        self.answered = 0

    def post(self, number, path, body, token=None, key=None, wanted=201):
        """Asks until it is done; sign-ups and log-ins may have to wait for their turn."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if key:
            headers["Idempotency-Key"] = key
        said = ""
        for attempt in range(100):
            node = peers.NODES[(number + attempt) % len(peers.NODES)]
            try:
                status, answer = self.ask(node, "POST", path, json.dumps(body), headers, timeout=30.0)
            except OSError as error:
                said = str(error)
                continue
            if status == wanted:
                return json.loads(answer)
            said = f"{status} {answer[:300]}"
            if status not in (429, 503, 504):
                break
            time.sleep(0.1)
        raise peers.Trouble(f"{path} came to {said}")

    def donor(self, number):
        name = f"donor{number}"
        self.post(number, "/v1/users", {"username": name, "password": PASSWORD, "name": name, "email": f"{name}@example.org"},
                  key="sign-up")
        token = self.post(number, "/v1/sessions", {"username": name, "password": PASSWORD})["accessToken"]
        self.post(number, "/v1/wallet/top-ups", {"amount": 10**12, "currency": "USD", "source": "tok_ok"}, token, "opening")
        return token

    def begin(self):
        super().begin()
        self.answered = 0
        with concurrent.futures.ThreadPoolExecutor(12) as crowd:
            tokens = list(crowd.map(self.donor, range(self.donors)))
            causes = list(crowd.map(lambda number: self.cause(number, tokens[number % len(tokens)]), range(self.causes)))
        (self.directory / "tokens").write_text("\n".join(tokens) + "\n")
        (self.directory / "causes-1").write_text(causes[0] + "\n")
        (self.directory / f"causes-{self.causes}").write_text("\n".join(causes) + "\n")

    def cause(self, number, token):
        return self.post(number, "/v1/events", {"name": f"Cause {number}", "currency": "USD"}, token, f"cause{number}")["id"]

    def give(self, causes, connections, seconds, nodes=peers.NODES):
        """Gifts for so long, through all nodes: each is asked over its share of the connections by a wrk of its own."""
        self.runs += 1
        running = []
        for place, node in enumerate(nodes):
            share = (connections + len(nodes) - 1 - place) // len(nodes)
            if share == 0:
                continue
            command = [
                "wrk", "-t1", f"-c{share}", f"-d{seconds}s", "--timeout", "5s", "-s", str(HERE / "donations.lua"),
                f"http://127.0.0.1:{self.port(node)}", "--", f"run{self.runs}-{node}", str(self.directory / "tokens"),
                str(self.directory / f"causes-{causes}"),
            ]
            running.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        return self.gather_figures([process.communicate()[0] for process in running])

    def gather_figures(self, outputs):
        rate = failures = 0
        weighed = []
        for output in outputs:
            lines = {line.split(" ", 1)[0]: line.split()[1:] for line in output.splitlines() if line}
            if "told" not in lines or "latencies" not in lines:
                raise peers.Trouble(f"wrk says:\n{output}")
            requests, microseconds, refused, broken = map(int, lines["told"])
            rate += (requests - refused) * 1e6 / microseconds
            failures += refused + broken
            self.answered += requests - refused
            weighed += [(int(step) / 1000, requests) for step in lines["latencies"]]
        weighed.sort()
        whole = sum(weight for _, weight in weighed)
        milliseconds, passed = [], 0
        # A thousand steps for all nodes together, each of which stands for as many gifts.
        for value, weight in weighed:
            passed += weight
            while len(milliseconds) * whole < 1000 * passed:
                milliseconds.append(value)
        return Figures(rate, milliseconds, failures)

    def breach(self):
        """What does not add up; nothing, if all is well. Gifts whose answer wrk did not wait for may be there too."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        status, body = self.ask(self.leader(), "POST", "/v1/verify", "{}", headers, timeout=300.0)
        if status != 200:
            return f"verify: {status} {body[:300]}"
        report = json.loads(body)
        if not report["holds"]:
            return f"verify: {report['breaches'][:3]}"
        given = report["counts"]["donations"]
        if not self.answered <= given <= self.answered + 100 * self.runs:
            return f"{given} gifts are there, {self.answered} were answered"
        return ""


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n  donations.py\n  donations.py --rounds 1 --seconds 3 --clients 64 --systems gala",
    )
    parser.add_argument("--binaries", default=str(peers.ROOT / ".build/release"), help="where gala and galactl are")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each system")
    parser.add_argument("--seconds", type=int, default=10, help="of each run")
    parser.add_argument("--clients", default="16,64", help="numbers of clients, each with a connection")
    parser.add_argument("--causes", type=int, default=1_000, help="how many causes there are where they are many")
    parser.add_argument("--donors", type=int, default=200, help="how many donors Gala has; making one takes two password hashes")
    parser.add_argument("--systems", default="gala,statements,function", help="any of gala, statements and function")
    parser.add_argument("--no-check", action="store_true", help="do not look through all money after each turn")
    parser.add_argument("--format", choices=["markdown", "json"], default="markdown")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        raise peers.Trouble("wrk is not installed: apt-get install wrk")
    wanted = options.systems.split(",")
    gala = GivingGala(options.binaries, options.donors, options.causes) if "gala" in wanted else None
    other, forms = None, [form for form in postgresql.FORMS if form in wanted]
    if forms:
        try:
            other = postgresql.PostgreSQL(options.causes)
        except peers.Trouble as trouble:
            print(f"PostgreSQL is left out: {trouble}")
            forms = []
    if not gala and not other:
        raise peers.Trouble("there is nothing to measure")
    print(peers.describe_machine())
    if gala:
        print(f"gala {gala.version()}: three nodes, asked through all of them, {options.donors} donors")
    seen = {}
    for turn in range(options.rounds):
        turns = [turn_of_gala] * bool(gala) + [turn_of_postgresql] * bool(other)
        for measure in turns if turn % 2 == 0 else turns[::-1]:
            measure(gala if measure is turn_of_gala else other, forms, options, seen, turn == 0)
    print(f"medians of {options.rounds} runs of {options.seconds} s")
    report(options, (["gala"] if gala else []) + forms, seen)


def works(options):
    return [(causes, int(clients)) for causes in (1, options.causes) for clients in options.clients.split(",")]


def turn_of_gala(gala, forms, options, seen, is_first):
    gala.start()
    try:
        gala.give(options.causes, 64, 2)
        for causes, clients in works(options):
            figures = gala.give(causes, clients, options.seconds)
            seen.setdefault((causes, clients, "gala"), []).append(figures)
        complain(gala, options)
    finally:
        gala.end()
    gala.stop()


def turn_of_postgresql(other, forms, options, seen, is_first):
    other.start()
    try:
        if is_first:
            print(f"PostgreSQL {other.version()}: {postgresql.WALLETS:,} wallets; {other.settings()}", flush=True)
        other.give(forms[0], options.causes, 64, 2)
        for causes, clients in works(options):
            for form in forms:
                figures = Figures(*other.give(form, causes, clients, options.seconds))
                seen.setdefault((causes, clients, form), []).append(figures)
        complain(other, options)
    finally:
        other.end()
    other.stop()


def complain(peer, options):
    """Logs and data stay where something is wrong."""
    breach = "" if options.no_check else peer.breach()
    if breach:
        raise peers.Trouble(f"the money does not add up, see {peer.directory}: {breach}")


def report(options, systems, seen):
    def median(key, name):
        return statistics.median(getattr(figures, name) for figures in seen[key])

    rows = []
    for causes, clients in works(options):
        for system in systems:
            key = (causes, clients, system)
            rates = [figures.rate for figures in seen[key]]
            row = {
                "causes": causes, "clients": clients, "system": system, "rate": statistics.median(rates),
                "slowest": min(rates), "fastest": max(rates), "p50": median(key, "p50"), "p99": median(key, "p99"),
                "failures": sum(figures.failures for figures in seen[key]),
            }
            for form in postgresql.FORMS:
                other = (causes, clients, form)
                if system == "gala" and other in seen:
                    row[f"ratio to {form}"] = row["rate"] / median(other, "rate")
                    row[f"p99 ratio to {form}"] = row["p99"] / median(other, "p99")
            rows.append(row)
    if options.format == "json":
        print(json.dumps(rows, indent=1))
        return
    print()
    print("| causes | clients | system | donations/s | slowest | fastest | p50 ms | p99 ms | failed | rate ÷ statements' "
          "| p99 ÷ statements' | rate ÷ function's |")
    print("| ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for row in rows:
        ratios = [f"{row[name]:.2f}" if name in row else "" for name in
                  ("ratio to statements", "p99 ratio to statements", "ratio to function")]
        print(f"| {row['causes']:,} | {row['clients']} | {row['system']} | {row['rate']:,.0f} | {row['slowest']:,.0f} "
              f"| {row['fastest']:,.0f} | {row['p50']:.1f} | {row['p99']:.1f} | {row['failures']} | {' | '.join(ratios)} |")


if __name__ == "__main__":
    peers.run(main)
