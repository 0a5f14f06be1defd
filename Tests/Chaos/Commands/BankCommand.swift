import ArgumentParser
import Simulation

/// Clients move money among accounts while nodes die and stop; then every account is looked at once more.
struct BankCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bank",
        abstract: "Lets clients move money among accounts under faults of processes; the sum must never change.",
        discussion: """
            Each transfer is one transaction with an id of its own, sent again until its outcome is known. Readers see all \
            accounts at one moment, and the sum must be right in each of them. In the end every account has what the \
            transfers that were told to have committed come to.

            EXAMPLE
              chaos bank --seconds 60 --clients 64
            """
    )

    @OptionGroup var options: StageOptions
    @Option(help: "How long there are faults.")
    var seconds = 60
    @Option(help: "How many clients there are.")
    var clients = 64
    @Option(help: "How many accounts there are.")
    var accounts = 1_000

    func validate() throws {
        guard (5...86_400).contains(seconds) else { throw ValidationError("--seconds must be from 5 to 86400") }
        guard (1...1_000).contains(clients) else { throw ValidationError("--clients must be from 1 to 1000") }
        guard (2...10_000).contains(accounts) else { throw ValidationError("--accounts must be from 2 to 10000") }
    }

    func run() async throws {
        try await options.playOnCluster { cluster, stage in try await run(on: cluster, stage) }
    }

    private func run(on cluster: Cluster, _ stage: StageOptions.Stage) async throws -> ExitCode {
        let bank = Bank(cluster, accounts: accounts)
        try await bank.open()
        let book = FaultBook()
        var dice = Dice(seed: stage.seed)
        let end = ContinuousClock.now + .seconds(seconds)
        let isOver = Latch()
        var unready: [String] = []
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<clients {
                let dice = dice.fork()
                group.addTask { await bank.move(as: number, dice) { isOver.isSet } }
            }
            group.addTask { await bank.audit { isOver.isSet } }
            var lane = FaultLane([.kill, .pause, .restart], cluster, book, dice: dice.fork()) {
                ContinuousClock.now >= end
            }
            do {
                try await lane.run()
            } catch {
                isOver.set()
                throw error
            }
            for process in cluster.processes {
                await process.resume()
                try await process.start()
            }
            if !(await cluster.isReady(within: .seconds(30))), !Interruption.isRequested {
                let evidence = await cluster.keepEvidence()
                unready = ["not every node became ready within 30 s after the last fault; \(evidence)"]
            }
            isOver.set()
            try await group.waitForAll()
        }
        let judgement = await bank.judge()
        var violations = unready + judgement.violations
        for process in cluster.processes { violations += await process.crashes }
        violations += LogScan(cluster.files).findings
        try Files.write(bank.history, to: "\(stage.directory)/transfers.jsonl")
        say(
            """
            faults       \(book.all.count)
            transfers    \(judgement.committed) committed, \(judgement.refused) refused, \(judgement.open) never decided
            sent again   \(judgement.retries)
            audits       \(judgement.audits) of all \(accounts) accounts at one moment
            latency      p50 \(judgement.p50) ms, p99 \(judgement.p99) ms, longest until decided \(judgement.longest) ms
            violations   \(violations.count)
            """
        )
        for violation in violations { say("VIOLATION: \(violation)") }
        guard violations.isEmpty else { return Exit.violation }
        guard judgement.committed >= 1_000, judgement.audits >= 5, !book.all.isEmpty else {
            say("VOID: too little has happened")
            return Exit.void
        }
        return .success
    }
}
