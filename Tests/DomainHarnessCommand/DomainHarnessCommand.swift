import ArgumentParser
import DomainHarness

/// Runs campaigns of givers over a store that fails, one a seed, until one shows something wrong.
@main
struct DomainHarnessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "domain-harness",
        abstract: "Tries the domain's money against a store that fails.",
        discussion: "Exits with 1 at the first seed that fails, which fails again whenever it is run."
    )

    @Option(help: "Which seeds: one, or from and to as 1..500.")
    var seeds = "1..100"

    @Option(help: "How many requests each user makes.")
    var steps = 16

    @Option(help: "Taken for the likes of other harnesses: campaigns run one after the other.")
    var workers = 1

    @Flag(help: "Say each seed before it runs.")
    var announce = false

    mutating func run() async throws {
        for seed in try range() {
            if announce { print("seed \(seed) begins") }
            if let failure = await MoneyCampaign(seed: seed, steps: steps).run() {
                print("seed \(seed) failed: \(failure)")
                throw ExitCode(1)
            }
        }
        print("seeds \(seeds) pass")
    }

    private func range() throws -> ClosedRange<UInt64> {
        let parts = seeds.split(separator: ".", omittingEmptySubsequences: true).compactMap { UInt64($0) }
        guard let first = parts.first, let last = parts.last, parts.count <= 2, first <= last else {
            throw ValidationError("--seeds is a number, or two as 1..500")
        }
        return first...last
    }
}
