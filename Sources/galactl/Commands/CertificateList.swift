import ArgumentParser
import FoundationEssentials
import GalaCertificates

extension CertificateCommands {
    /// Shows the certificates in a directory.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the certificates in a directory, until when they are good, and what is wrong with them.",
            discussion: """
                States: good; ending, less than a month is left; expired; early, its time has not come; foreign, not \
                signed by the directory's authority; keyless, its key is missing or another's; unreadable.

                EXAMPLE
                  galactl cert list --directory security
                """
        )

        @Option(help: "Where the authority's certificate and the others are.")
        var directory: String
        @Option(help: "How results are written.")
        var output = OutputFormat.table

        func run() async throws {
            let now = Date()
            let rows: [Row]
            do throws(CertificateError) {
                rows = try CertificateSummary.list(in: directory, now: now).map { Row($0, now: now) }
            } catch {
                throw Failure.failed("\(error)")
            }
            switch output {
            case .table: Console.write(Row.table(rows).text)
            case .json: try JSONOutput.write(rows)
            }
        }
    }

    /// A certificate in a table, or as JSON.
    struct Row: Encodable {
        let file: String
        let names: [String]
        let notAfter: String?
        let daysLeft: Int?
        let state: String

        init(_ summary: CertificateSummary, now: Date) {
            file = summary.file
            names = summary.names
            notAfter = summary.notAfter?.formatted(.iso8601)
            daysLeft = summary.daysLeft(now: now)
            state = summary.state.rawValue
        }

        static func table(_ rows: [Row]) -> Table {
            Table(
                ["FILE", "STATE", "NOT AFTER", "DAYS", "NAMES"],
                rows.map { row in
                    let names = row.names.isEmpty ? "-" : row.names.joined(separator: ",")
                    return [row.file, row.state, row.notAfter ?? "-", row.daysLeft.map { "\($0)" } ?? "-", names]
                }
            )
        }
    }
}
