import ArgumentParser
import NIOHTTP1

/// A node that was away for longer than the others keep their logs for it: it comes back by a snapshot, and nobody else
/// notices.
struct SnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Keeps a node away until the log that it lacks is gone: it must catch up by a snapshot."
    )

    @OptionGroup var options: StageOptions
    @Option(help: "How many entries some partition must be ahead of the node; more than twice what nodes keep.")
    var entries = 21_000
    @Option(help: "How many KiB these entries have, so that nodes write their memory to files and cut their logs.")
    var kibibytes = 16
    @Option(help: "How many writers there are while the node is away.")
    var writers = 64

    /// One key gets most of the writes, so that its partition gets far ahead; each of so many writes goes to a new key.
    private static let writesOfNewKey = 10

    func validate() throws {
        guard (1...10_000_000).contains(entries) else { throw ValidationError("--entries must be from 1 to 10000000") }
        guard (1...1_000).contains(kibibytes) else { throw ValidationError("--kibibytes must be from 1 to 1000") }
        guard (1...1_000).contains(writers) else { throw ValidationError("--writers must be from 1 to 1000") }
    }

    func run() async throws {
        try await options.playOnCluster { cluster, stage in
            var dice = Dice(seed: stage.seed)
            return try await trial(cluster, away: dice.pick(Cluster.nodes))
        }
    }

    private func trial(_ cluster: Cluster, away: Int) async throws -> ExitCode {
        let others = Cluster.nodes.filter { $0 != away }
        guard let before = await cluster.view(from: away)?.applied else { throw Trouble("node \(away) says nothing") }
        await cluster.process(of: away).kill()
        let written = try await write(cluster, others, ahead: before)
        guard let goal = await cluster.view(from: others[0]) else { throw Trouble("node \(others[0]) says nothing") }
        let ahead = goal.partitions.map { $0.committed - (before[$0.id] ?? 0) }
        say("node \(away) away      \(written) writes, up to \(ahead.max() ?? 0) entries ahead in a partition")

        let load = Load(cluster, prefix: "meanwhile")
        let began = ContinuousClock.now
        var caughtUp: Duration?
        try await load.running(clients: 8, nodes: others) {
            await pause(.seconds(1))
            let restarted = ContinuousClock.now
            try await cluster.process(of: away).start()
            while ContinuousClock.now - began < .seconds(120), !Interruption.isRequested {
                if let view = await cluster.view(from: away), Self.has(view, reached: goal) {
                    caughtUp = ContinuousClock.now - restarted
                    break
                }
                try? await Task.sleep(for: .milliseconds(20))
            }
            await pause(.seconds(1))
        }
        var violations = load.tally.violations + LogScan(cluster.files).findings
        if let caughtUp {
            let received = await snapshotBytes(cluster, away)
            let time = Int(caughtUp / .milliseconds(1))
            say("caught up        \(time) ms after its restart, with \(received >> 10) KiB of snapshots")
            if received == 0 { violations.append("node \(away) has caught up without a snapshot: more --entries?") }
            violations += try await check(cluster, away, written)
        } else {
            violations.append("node \(away) has not caught up within two minutes")
        }
        say(load.tally.text)
        for process in cluster.processes { violations += await process.crashes }
        for violation in violations { say("VIOLATION: \(violation)") }
        guard violations.isEmpty else { return Exit.violation }
        guard load.tally.requests > 0 || Interruption.isRequested else {
            say("VOID: there were no requests while the node came back")
            return Exit.void
        }
        return .success
    }

    private static func has(_ view: ClusterView, reached goal: ClusterView) -> Bool {
        let applied = view.applied
        return goal.partitions.allSatisfy { (applied[$0.id] ?? 0) >= $0.committed }
    }

    /// Writes small keys until some partition is far enough ahead; returns how many there are.
    private func write(_ cluster: Cluster, _ nodes: [Int], ahead before: [String: Int]) async throws -> Int {
        let numbers = Counter()
        let isEnough = Latch()
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                let endpoint = cluster.endpoint(of: nodes[writer % nodes.count])
                group.addTask {
                    while !isEnough.isSet, !Interruption.isRequested {
                        await put(cluster, endpoint, numbers.next())
                    }
                }
            }
            while !isEnough.isSet, !Interruption.isRequested {
                await pause(.milliseconds(500))
                let view = await cluster.view(from: nodes[0])
                let ahead = view?.partitions.map { $0.committed - (before[$0.id] ?? 0) }.max() ?? 0
                if ahead >= entries { isEnough.set() }
            }
        }
        return numbers.count
    }

    private func put(_ cluster: Cluster, _ endpoint: String, _ number: Int) async {
        let isNew = number % Self.writesOfNewKey == 0
        let path = isNew ? "/v1/kv/away-\(number)" : "/v1/kv/away"
        var random = SystemRandomNumberGenerator()
        // Not to be compressed.
        let ballast = (0..<kibibytes << 7).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
        let body = isNew ? Array("value \(number)".utf8) : ballast
        while !Interruption.isRequested {
            let outcome = await cluster.door.ask(endpoint, .PUT, path, body: body, timeout: .seconds(5))
            if case .answer(let answer) = outcome, answer.status == 204 { return }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    /// How much of snapshots a node says that it has received since it was started.
    private func snapshotBytes(_ cluster: Cluster, _ node: Int) async -> Int {
        let outcome = await cluster.door.ask(cluster.endpoint(of: node), .GET, "/metrics", timeout: .seconds(5))
        guard case .answer(let answer) = outcome else { return 0 }
        let name = "gala_snapshot_bytes_received_total "
        let line = answer.text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line.flatMap { Double($0.dropFirst(name.count)) }.map { Int($0) } ?? 0
    }

    /// Reads some of what was written from the node's own copy.
    private func check(_ cluster: Cluster, _ node: Int, _ written: Int) async throws -> [String] {
        var wrong: [String] = []
        let step = max(1, written / 500 / Self.writesOfNewKey) * Self.writesOfNewKey
        for number in stride(from: 0, to: written, by: step) {
            let path = "/v1/kv/away-\(number)?consistency=stale"
            let outcome = await cluster.door.ask(cluster.endpoint(of: node), .GET, path, timeout: .seconds(5))
            guard case .answer(let answer) = outcome, answer.status == 200, answer.text == "value \(number)" else {
                wrong.append("node \(node) does not hold away-\(number): \(outcome.name)")
                continue
            }
        }
        return Array(wrong.prefix(10))
    }
}
