import ArgumentParser

/// Restarts all nodes, one after the other, as for an upgrade: no request may fail twice.
struct RollingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rolling",
        abstract: "Restarts one node after the other under load: nobody may need more than one retry."
    )

    @OptionGroup var options: StageOptions
    @Option(help: "How many clients there are.")
    var clients = 16
    @Option(help: "How often every node is restarted.")
    var rounds = 2

    private static let fewestRequests = 1_000

    func validate() throws {
        guard (1...1_000).contains(clients) else { throw ValidationError("--clients must be from 1 to 1000") }
        guard (1...1_000).contains(rounds) else { throw ValidationError("--rounds must be from 1 to 1000") }
    }

    func run() async throws {
        try await options.playOnCluster { cluster, _ in try await roll(cluster) }
    }

    private func roll(_ cluster: Cluster) async throws -> ExitCode {
        let load = Load(cluster, prefix: "rolling")
        var restarts = 0
        try await load.running(clients: clients) {
            await pause(.seconds(1))
            for _ in 0..<rounds {
                for process in cluster.processes where !Interruption.isRequested {
                    let end = await process.terminate()
                    guard end == .exit(0) else {
                        throw Violation("node \(process.node) came to \(end.map { "\($0)" } ?? "its end before")")
                    }
                    try await process.start()
                    guard await cluster.isReady(process.node, within: .seconds(60)) else {
                        throw Violation("node \(process.node) did not become ready within a minute")
                    }
                    restarts += 1
                    await pause(.milliseconds(500))
                }
            }
            await pause(.seconds(1))
        }
        let tally = load.tally
        var violations = tally.violations + LogScan(cluster.files).findings
        for process in cluster.processes { violations += await process.crashes }
        say("restarts         \(restarts)\n\(tally.text)")
        for violation in violations { say("VIOLATION: \(violation)") }
        if !violations.isEmpty { return Exit.violation }
        guard tally.requests >= Self.fewestRequests || Interruption.isRequested else {
            say("VOID: only \(tally.requests) requests")
            return Exit.void
        }
        return .success
    }
}
