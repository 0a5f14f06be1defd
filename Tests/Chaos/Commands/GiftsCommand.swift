import ArgumentParser
import FoundationEssentials
import NIOHTTP1

/// Donors give while nodes are killed; then every total, history and wallet is looked at.
struct GiftsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gifts",
        abstract: "Lets donors give to one cause while nodes are killed; every gift must count once.",
        discussion: """
            In each round many gifts are sent at the same time through all nodes, each under an Idempotency-Key of its own, \
            again and again until it is decided, while a node is killed and started again: each in turn, then all at once. \
            In the end the cause's total, each history, each wallet and every replay must agree with what donors were \
            told, and POST /v1/verify must hold.

            Then a hundred gifts from a wallet that can pay for forty, and a hundred sign-ups under one name.

            EXAMPLES
              chaos gifts
              chaos gifts --gifts 2000 --rounds 8 --seed 7
              chaos gifts --part overdraft --part sign-ups
            """
    )

    /// What can be tried alone.
    enum Part: String, ExpressibleByArgument, CaseIterable {
        case gifts
        case overdraft
        case signUps = "sign-ups"
    }

    @OptionGroup var options: StageOptions
    @Option(help: "How many gifts are given at the same time.")
    var gifts = 1_000
    @Option(help: "How often that is done; a node is killed each time.")
    var rounds = 4
    @Option(help: "How many donors there are.")
    var donors = 100
    @Option(help: "Only this part: gifts, overdraft or sign-ups. May be given more than once.")
    var part: [Part] = []

    private static let opening: Int64 = 1_000_000_000

    func validate() throws {
        guard (1...10_000).contains(gifts) else { throw ValidationError("--gifts must be from 1 to 10000") }
        guard (1...1_000).contains(rounds) else { throw ValidationError("--rounds must be from 1 to 1000") }
        guard (1...1_000).contains(donors) else { throw ValidationError("--donors must be from 1 to 1000") }
    }

    func run() async throws {
        try await options.playOnCluster { cluster, stage in try await run(on: cluster, stage) }
    }

    private func run(on cluster: Cluster, _ stage: StageOptions.Stage) async throws -> ExitCode {
        let parts = part.isEmpty ? Part.allCases : part
        let client = PersistentClient(cluster)
        let book = FaultBook()
        var dice = Dice(seed: stage.seed)
        var strikes = Strikes(cluster, book, dice.fork())
        let crowd = parts.contains(.gifts) ? donors : 1
        let began = ContinuousClock.now
        let made = try await Donor.make(crowd, opening: Self.opening, client, &dice)
        say("donors       \(made.count), made in \(Int((ContinuousClock.now - began) / .seconds(1))) s")
        let cause = try await made[0].makeCause(client, &dice)

        var violations: [String] = []
        var isVoid = false
        let races = Races(client: client)
        for part in parts where !Interruption.isRequested {
            switch part {
            case .gifts:
                let giving = Giving(client, donors: made, cause: cause)
                let hasMet = try await give(giving, &strikes, book, &dice)
                isVoid = isVoid || !hasMet
                violations += giving.violations
                try Files.write(giving.history, to: "\(stage.directory)/gifts.jsonl")
            case .overdraft:
                let (text, wrong) = try await races.overdraw(cause, &strikes, &dice)
                say("one wallet   \(text)")
                violations += wrong
            case .signUps:
                let (text, wrong) = try await races.signUp(&strikes, &dice)
                say("one name     \(text)")
                violations += wrong
            }
        }
        violations += await verify(client, &dice)
        for process in cluster.processes { violations += await process.crashes }
        violations += LogScan(cluster.files).findings
        try Files.write(book.timeline, to: "\(stage.directory)/timeline.txt")
        say("faults       \(book.count(.kill)) times one node killed, \(book.count(.killAll)) times all")
        say("violations   \(violations.count)")
        for violation in violations.prefix(100) { say("VIOLATION: \(violation)") }
        guard violations.isEmpty else { return Exit.violation }
        guard !isVoid || Interruption.isRequested else {
            say("VOID: no gift was under way when a node was killed")
            return Exit.void
        }
        return .success
    }

    /// Gives in rounds; true if faults met gifts under way.
    private func give(
        _ giving: Giving,
        _ strikes: inout Strikes,
        _ book: FaultBook,
        _ dice: inout Dice
    ) async throws -> Bool {
        let isOver = Latch()
        let watching = dice.fork()
        async let watch: Void = giving.watch(watching) { isOver.isSet }
        defer { isOver.set() }
        for _ in 0..<rounds where !Interruption.isRequested {
            let giver = dice.fork()
            try await strikes.during(answered: giving.answered, of: gifts) { [gifts] in
                await giving.give(gifts, giver)
            }
        }
        isOver.set()
        await watch
        try await giving.sendAgain(dice.fork())
        try await giving.judge(dice.fork())
        let given = giving.gifts
        let latencies = giving.latencies
        let kills = book.all.map(\.beganNs)
        let met = given.count { gift in kills.contains { gift.callNs < $0 && $0 < gift.returnNs ?? .max } }
        func milliseconds(_ place: Int) -> Int { latencies.isEmpty ? 0 : Int(latencies[place]) }
        say(
            """
            gifts        \(given.count) of \(giving.donors.count) donors, \(gifts) at a time, \(met) under way at a kill
            sent again   \(given.map { $0.sends - 1 }.reduce(0, +)), and each once more at the end
            totals       \(giving.looks) looks meanwhile
            latency      p50 \(milliseconds(latencies.count / 2)) ms, p99 \(milliseconds(latencies.count * 99 / 100)) ms, \
            longest until decided \(milliseconds(latencies.count - 1)) ms
            """
        )
        return met > 0
    }

    /// Has the cluster look through all money.
    private func verify(_ client: PersistentClient, _ dice: inout Dice) async -> [String] {
        struct Verdict: Decodable {
            let holds: Bool
        }
        let told = await client.ask(.POST, "/v1/verify", "{}", timeout: .seconds(50), &dice)
        guard told.status == 200, let answer = told.answer,
            let verdict = try? JSONDecoder().decode(Verdict.self, from: Data(answer.body))
        else { return ["the ledger cannot be verified: \(told.summary)"] }
        say("verify       \(verdict.holds ? "everything holds" : "something does not hold")")
        return verdict.holds ? [] : ["verify: \(answer.text.prefix(1_000))"]
    }
}
