import ArgumentParser
import Simulation

/// Clients at work while faults come and go; then everything is made whole, and what clients saw is judged.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Lets clients work while a seed decides what is done to the cluster, and judges what they saw."
    )

    @OptionGroup var options: StageOptions
    @Option(help: "How long there are faults.")
    var seconds = 60
    @Option(help: "How many clients there are.")
    var clients = 12
    @Option(help: "About how many operations there are a second, all clients together.")
    var rate = 600
    @Option(help: ArgumentHelp("Where to leave the history.", valueName: "file"))
    var history: String?

    /// A run that has seen fewer is void.
    private static let fewestOperations = 1_000
    private static let keySlots = 10
    private static let usesOfKey = 1_500

    func validate() throws {
        guard (5...86_400).contains(seconds) else { throw ValidationError("--seconds must be from 5 to 86400") }
        guard (1...1_000).contains(clients) else { throw ValidationError("--clients must be from 1 to 1000") }
        guard (1...100_000).contains(rate) else { throw ValidationError("--rate must be from 1 to 100000") }
    }

    func run() async throws {
        try await options.play { stage in
            say("seed \(stage.seed)")
            let hasFakeClock = FakeClock.isAvailable
            if !hasFakeClock { say("libfaketime is not installed: clocks are left alone") }
            let cluster = try await stage.cluster(hasFakeClock: hasFakeClock)
            do {
                let code = try await run(on: cluster, stage, hasFakeClock)
                await cluster.end()
                return code
            } catch {
                await cluster.end()
                throw error
            }
        }
    }

    private func run(on cluster: Cluster, _ stage: StageOptions.Stage, _ hasFakeClock: Bool) async throws -> ExitCode {
        let kinds = FaultKind.possible(place: stage.place, hasFakeClock: hasFakeClock)
        let trial = Trial(
            cluster: cluster,
            ledger: Ledger(),
            book: FaultBook(),
            ring: KeyRing(slots: Self.keySlots, usesLimit: Self.usesOfKey)
        )
        var dice = Dice(seed: stage.seed)
        let meanPause = Duration.microseconds(1_000_000 * clients / rate)
        let healing = try await trial.play(
            kinds,
            clients: clients,
            slots: Self.keySlots,
            meanPause: meanPause,
            time: .seconds(seconds),
            &dice
        )
        let report = await Report(trial, kinds, healing, fewestOperations: Self.fewestOperations)
        let lines = trial.ledger.history.jsonLines
        try Files.write(lines, to: "\(stage.directory)/history.jsonl")
        if let history { try Files.write(lines, to: history) }
        try Files.write(trial.book.timeline, to: "\(stage.directory)/timeline.txt")
        say(report.text)
        return report.code
    }
}
