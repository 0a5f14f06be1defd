#!/usr/bin/env python3
"""How long nobody's write is acknowledged when the leader's process is killed, or stopped as by a moved virtual machine.

N writers, each with a key of its own and a connection that is kept alive, write ascending numbers; a request has 50 ms,
after which its writer goes on at the next node. In each trial the leader is killed (SIGKILL), or stopped for some
seconds (SIGSTOP, SIGCONT), while clients go on asking it. Gala and etcd take turns, each alone on the machine.

  longest gap      the longest time in which no writer at all had a write acknowledged
  longest wait     the longest time in which some one writer had none

After each trial every key is read: a number below the last acknowledged one is a lost write. Reads that were sent to a
node while it stood still must not tell of an older state than was acknowledged when they were sent.
"""
import argparse
import os
import signal
import statistics
import time

import clients
import peers

PAD = b"v" * 244


class Writer(clients.Connection):
    """Writes 1, 2, 3, … to its key; whatever it does not know the outcome of it leaves behind."""

    def __init__(self, loop, peer, ports, number, timeout, pause):
        super().__init__(loop, ports, number % len(ports), timeout)
        self.peer = peer
        self.key = f"w{number}"
        self.pause = pause
        self.number = 0
        self.acknowledged = 0
        self.unknown = set()
        self.times = []
        self.is_over = False

    def next_request(self):
        if self.is_over:
            return None
        self.number += 1
        return self.peer.put(self.key, b"%012d" % self.number + PAD)

    def answered(self, answer, now):
        if 200 <= answer.status < 300:
            self.acknowledged = self.number
            self.times.append(now)
            return self.pause
        self.unknown.add(self.number)
        self.place = (self.place + 1) % len(self.ports)
        self.close()
        return 0.002

    def failed(self, now):
        self.unknown.add(self.number)

    def admits(self, value, floor):
        """Whether a read may have returned this, having been sent when `floor` was acknowledged."""
        number = int(value[:12]) if value else 0
        return number >= floor or number in self.unknown


class Reader(clients.Connection):
    """Asks the node that stands still, once."""

    def __init__(self, loop, peer, port, writer):
        super().__init__(loop, [port], 0, 30.0)
        self.peer = peer
        self.writer = writer
        self.floor = writer.acknowledged
        self.was_sent = False
        self.outcome = "unanswered"

    def next_request(self):
        if self.was_sent:
            return None
        self.was_sent = True
        return self.peer.get(self.writer.key)

    def answered(self, answer, now):
        if answer.status in (200, 404):
            value = self.peer.value(answer.body) if answer.status == 200 else None
            self.outcome = "fresh" if self.writer.admits(value, self.floor) else "STALE"
        else:
            self.outcome = str(answer.status)
        return 0.0

    def failed(self, now):
        self.outcome = "failed"


class Trial:
    """One fault, and what writers and readers saw of it."""

    def __init__(self, peer, mode, writers, options, index):
        self.peer = peer
        self.mode = mode
        self.loop = clients.Loop()
        ports = [peer.port(node) for node in peers.NODES]
        # About 2,000 writes a second at most, all writers together: the gap is to be seen, not the throughput.
        pause = writers * 0.0005
        self.writers = [Writer(self.loop, peer, ports, n, options.timeout, pause) for n in range(writers)]
        self.readers = []
        for writer in self.writers:
            self.loop.add(writer)
        self.play(options, index)

    def play(self, options, index):
        victim = self.peer.leader()
        self.peer.gather(victim)
        start = time.monotonic()
        self.fault = start + options.before + 0.037 * index
        events = []
        if self.mode == "kill":
            events.append((self.fault, lambda: self.peer.signal(victim, signal.SIGKILL)))
            end = self.fault + options.after
        else:
            events.append((self.fault, lambda: self.peer.signal(victim, signal.SIGSTOP)))
            back = self.fault + options.after
            port = self.peer.port(victim)
            for step in range(int(options.after / 0.05)):
                writer = self.writers[step % len(self.writers)]
                events.append((self.fault + 0.02 + 0.05 * step, lambda writer=writer: self.read(port, writer)))
            events.append((back, lambda: self.peer.signal(victim, signal.SIGCONT)))
            end = back + 2.0
        try:
            self.loop.run(end, events)
        finally:
            self.peer.signal(victim, signal.SIGCONT)
        self.end = end
        for writer in self.writers:
            writer.is_over = True
        self.loop.run(time.monotonic() + 6.0)
        if self.mode == "kill":
            self.peer.start_node(victim)
        self.peer.wait_until_ready()
        self.lost = sum(not writer.admits(self.read_back(writer), writer.acknowledged) for writer in self.writers)
        self.loop.close()

    def read(self, port, writer):
        reader = Reader(self.loop, self.peer, port, writer)
        self.readers.append(reader)
        self.loop.add(reader)

    def read_back(self, writer):
        for _ in range(100):
            loop = clients.Loop()
            reader = Reader(loop, self.peer, self.peer.port(self.peer.leader()), writer)
            answers = []
            reader.answered = lambda answer, now: answers.append(answer) or 0.0
            loop.add(reader)
            loop.run(time.monotonic() + 5.0)
            loop.close()
            if answers and answers[0].status == 200:
                return self.peer.value(answers[0].body)
            if answers and answers[0].status == 404:
                return None
            time.sleep(0.05)
        raise peers.Trouble(f"{self.peer.name} does not answer a read")

    @staticmethod
    def longest(times, start, end):
        """The longest time between two of these, from the last one before `start` on."""
        before = [moment for moment in times if moment < start]
        moments = before[-1:] + [moment for moment in times if start <= moment <= end] + [end]
        return max((later - earlier for earlier, later in zip(moments, moments[1:])), default=end - start)

    @property
    def gap(self):
        everybody = sorted(moment for writer in self.writers for moment in writer.times)
        return self.longest(everybody, self.fault, self.end)

    @property
    def wait(self):
        return max(self.longest(writer.times, self.fault, self.end) for writer in self.writers)

    @property
    def acknowledged(self):
        return sum(len(writer.times) for writer in self.writers)

    @property
    def stale(self):
        return sum(reader.outcome == "STALE" for reader in self.readers)

    @property
    def fresh(self):
        return sum(reader.outcome == "fresh" for reader in self.readers)


def milliseconds(values, pick):
    return f"{pick(values) * 1000:,.0f}"


def row(mode, writers, name, trials):
    gaps, waits = [trial.gap for trial in trials], [trial.wait for trial in trials]
    reads = f"{sum(trial.fresh for trial in trials)} / {sum(trial.stale for trial in trials)}" if mode == "stop" else "–"
    return (
        f"| {mode} | {writers} | {name} | {milliseconds(gaps, statistics.median)} | {milliseconds(gaps, max)} "
        f"| {milliseconds(waits, statistics.median)} | {milliseconds(waits, max)} "
        f"| {sum(trial.acknowledged for trial in trials):,} | {sum(trial.lost for trial in trials)} | {reads} |"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binaries", default=str(peers.ROOT / ".build/release"), help="where gala and galactl are")
    parser.add_argument("--trials", type=int, default=10, help="faults for each system, mode and number of writers")
    parser.add_argument("--writers", default="1,8,50", help="numbers of writers")
    parser.add_argument("--modes", default="kill,stop", help="kill, stop or both")
    parser.add_argument("--systems", default="gala,etcd", help="gala, etcd or both")
    parser.add_argument("--timeout", type=float, default=0.05, help="seconds that a request has")
    parser.add_argument("--before", type=float, default=1.5, help="seconds of writing before the fault")
    parser.add_argument("--after", type=float, default=4.0, help="seconds of writing after it, or until SIGCONT")
    parser.add_argument("--visits", type=int, default=2, help="turns that each system gets for its trials")
    options = parser.parse_args()

    systems = []
    for name in options.systems.split(","):
        try:
            systems.append(peers.Gala(options.binaries) if name == "gala" else peers.Etcd())
        except peers.Trouble as trouble:
            print(f"{name} is left out: {trouble}")
    if not systems:
        raise peers.Trouble("there is nothing to measure")
    print(peers.describe_machine())
    print("; ".join(f"{peer.name} {peer.version()}" for peer in systems), flush=True)
    seen = {}
    for visit in range(options.visits):
        for peer in systems if visit % 2 == 0 else systems[::-1]:
            share = range(visit, options.trials, options.visits)
            peer.start()
            try:
                for mode in options.modes.split(","):
                    for writers in map(int, options.writers.split(",")):
                        for index in share:
                            trial = Trial(peer, mode, writers, options, index)
                            seen.setdefault((mode, writers, peer.name), []).append(trial)
                            if os.environ.get("VERBOSE"):
                                print(mode, writers, peer.name, f"gap {trial.gap:.3f} s, wait {trial.wait:.3f} s", flush=True)
                            time.sleep(1.0)
            finally:
                peer.stop()
    print()
    print("| fault | writers | system | longest gap: median ms | max | longest wait: median ms | max | acknowledged | lost "
          "| reads at the stopped node: fresh / stale |")
    print("| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for mode in options.modes.split(","):
        for writers in map(int, options.writers.split(",")):
            for peer in systems:
                print(row(mode, writers, peer.name, seen[(mode, writers, peer.name)]))
    bad = [trial for key, trials in seen.items() if key[2] == "gala" for trial in trials if trial.lost or trial.stale]
    if bad:
        raise SystemExit("Gala has lost an acknowledged write or answered a stale read")


if __name__ == "__main__":
    peers.run(main)
