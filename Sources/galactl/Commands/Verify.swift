import ArgumentParser
import NIOHTTP1

/// Has a node look through all money.
struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look through all accounts, transfers and histories: does everything add up.",
        discussion: """
            Looks at one moment, while the cluster goes on. Exits with 1 where something does not hold, and says what; \
            with 3 where there is no verdict: no node could be reached, or none could tell in time.

            EXAMPLES
              galactl verify
              galactl verify --at 2026-11-21T12:00:00Z --output json
            """
    )

    struct Report: Codable {
        struct Breach: Codable {
            let rule: String
            let detail: String
        }

        struct CurrencySums: Codable {
            let currency: String
            let debits: String
            let credits: String
            let pendingDebits: String
            let pendingCredits: String
        }

        let holds: Bool
        let at: String
        let time: String
        let counts: [String: Int]
        let currencies: [CurrencySums]
        let breachCount: Int
        let breaches: [Breach]
    }

    @Option(help: "The moment to look at: a time as 2026-11-21T12:00:00Z, or a timestamp's number. Without it, now.")
    var at: String?
    @OptionGroup var connection: ConnectionOptions

    /// A large store takes minutes to look through.
    private static let usualTimeout = 600

    func run() async throws {
        let report = try await report()
        switch connection.output {
        case .json: try JSONOutput.write(report)
        case .table: Console.write(Self.text(report))
        }
        try Self.judge(report)
    }

    /// What a node has found. That none could tell says nothing about the money, and must not look like a breach.
    private func report() async throws -> Report {
        let query = at.map { "?at=" + KeyInAddress.encode($0.utf8) } ?? ""
        do {
            let answer = try await connection.withCluster(usualTimeout: Self.usualTimeout) {
                try await $0.ask(.POST, "/v1/verify" + query, changesNothing: true)
            }
            return try answer.decoded(Report.self)
        } catch let error as Failure {
            throw Failure.unreachable("no verdict: \(error)")
        } catch {
            throw Failure.unreachable("no verdict: \(ClusterConnection.text(error))")
        }
    }

    /// Throws where something is broken.
    static func judge(_ report: Report) throws(Failure) {
        if !report.holds { throw .failed("\(report.breachCount) rules are broken as of \(report.time)") }
    }

    static func text(_ report: Report) -> String {
        let counts = report.counts.sorted { $0.key < $1.key }.map { [$0.key, "\($0.value)"] }
        var text = "As of \(report.time):\n\n" + Table(["RECORDS", "COUNT"], counts).text
        if !report.currencies.isEmpty {
            let rows = report.currencies.map {
                [$0.currency, $0.debits, $0.credits, $0.pendingDebits, $0.pendingCredits]
            }
            text += "\n" + Table(["CURRENCY", "DEBITS", "CREDITS", "PENDING DEBITS", "PENDING CREDITS"], rows).text
        }
        guard !report.holds else { return text + "\nEverything holds.\n" }
        let breaches = report.breaches.map { [$0.rule, $0.detail] }
        text += "\n" + Table(["BROKEN RULE", "WHERE"], breaches).text
        let untold = report.breachCount - report.breaches.count
        return untold > 0 ? text + "… and \(untold) more\n" : text
    }
}
