import ArgumentParser
import NIOHTTP1

/// Everything at every port that does not belong there; after each, the node must serve as before.
struct AbuseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "abuse",
        abstract: "Sends to every port what does not belong there, and sees that the node goes on serving."
    )

    @OptionGroup var options: StageOptions
    @Option(help: "Only attacks whose name has this in it.")
    var only: String?

    /// A node may hold so much more memory under attack than before.
    private static let growthLimitMiB = 512

    func run() async throws {
        try await options.playOnCluster { cluster, stage in
            try await attack(Target(cluster: cluster, node: 1, directory: stage.directory))
        }
    }

    private func attack(_ target: Target) async throws -> ExitCode {
        var violations: [String] = []
        let process = target.cluster.process(of: target.node)
        try await target.serves()
        let before = await process.residentKiB ?? 0
        let all = Attack.requests + Attack.connections + Attack.peers
        let attacks = all.filter { only == nil || $0.name.contains(only ?? "") }
        say("| what is sent | what came of it |\n| --- | --- |")
        for attack in attacks where !Interruption.isRequested {
            do {
                let seen = try await attack.perform(target)
                try await target.serves()
                say("| \(attack.name) | \(seen) |")
            } catch let violation as Violation {
                say("| \(attack.name) | VIOLATION: \(violation) |")
                violations.append("\(violation)")
            }
        }
        let metrics = try await checkMetrics(target)
        say("| the text of /metrics | \(metrics ?? "is as it should be") |")
        if let metrics, metrics.hasPrefix("promtool says") { violations.append(metrics) }
        let after = await process.residentKiB ?? 0
        let most = await highest(process)
        say("\nmemory of the node: \(before >> 10) MiB before, \(after >> 10) MiB after, at most \(most) MiB")
        if most - before >> 10 > Self.growthLimitMiB { violations.append("memory has grown to \(most) MiB") }
        violations += LogScan(target.cluster.files).findings
        for process in target.cluster.processes { violations += await process.crashes }
        for violation in violations { say("VIOLATION: \(violation)") }
        guard violations.isEmpty else { return Exit.violation }
        guard !attacks.isEmpty else {
            say("VOID: there is no such attack")
            return Exit.void
        }
        return .success
    }

    private func highest(_ process: NodeProcess) async -> Int { (await process.highestKiB ?? 0) >> 10 }

    /// What is wrong with the node's measures; nil if nothing is.
    private func checkMetrics(_ target: Target) async throws -> String? {
        let (door, endpoint) = (target.cluster.door, target.cluster.endpoint(of: target.node))
        guard case .answer(let answer) = await door.ask(endpoint, .GET, "/metrics", timeout: .seconds(5)) else {
            return "promtool says nothing: /metrics is not answered"
        }
        guard Files.program("promtool") != nil else { return "not checked: promtool is not installed" }
        let file = "\(target.directory)/metrics"
        try Files.write(answer.body, to: file)
        let (end, output) = try Program.attempt(["sh", "-c", "promtool check metrics <'\(file)'"])
        return end == .exit(0) ? nil : "promtool says: \(output)"
    }
}
