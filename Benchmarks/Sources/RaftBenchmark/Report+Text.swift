import BenchmarkSupport
import FoundationEssentials

/// The three ways to print a report.
extension Report {
    func text(_ format: Options.Format) throws -> String {
        switch format {
        case .table: table
        case .markdown: markdown
        case .json: try json
        }
    }

    private var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }

    private var table: String {
        var table = Table(throughputTitles)
        for cells in throughputCells { table.add(cells) }
        let idleLines = idleCells.map { name, value in "\(name): \(value)" }
        return ([circumstances, "", table.text, ""] + idleLines).joined(separator: "\n")
    }

    private var markdown: String {
        let rule = throughputTitles.map { _ in "---:" }
        let rows = ([throughputTitles, rule] + throughputCells).map(row)
        let idleRows = [["idle replica", "cost"], ["---", "---:"]].map(row) + idleCells.map { row([$0, $1]) }
        return ([circumstances, ""] + rows + [""] + idleRows).joined(separator: "\n")
    }

    private func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }

    private var circumstances: String {
        """
        \(machine.date), commit \(machine.commit), \(machine.build) build, \(machine.processor), \
        \(machine.cores) cores of which one is used; medians of \(runs) runs of \(decimal(secondsPerRun, places: 1)) s, \
        pipeline of \(pipeline) proposals
        """
    }

    private var throughputTitles: [String] {
        ["payload B", "batch", "entries/s", "slowest", "fastest", "ns/entry", "steps/s", "allocs/entry", "B/entry"]
    }

    private var throughputCells: [[String]] {
        throughput.map { row in
            [
                grouped(row.payloadBytes), grouped(row.batch), grouped(row.entriesPerSecond),
                grouped(row.slowestEntriesPerSecond), grouped(row.fastestEntriesPerSecond),
                grouped(row.nanosecondsPerEntry), grouped(row.stepsPerSecond),
                decimal(row.allocationsPerEntry, places: 3), grouped(row.allocatedBytesPerEntry),
            ]
        }
    }

    private var idleCells: [(name: String, value: String)] {
        [
            ("tick of an awake follower", "\(decimal(idle.nanosecondsPerFollowerTick, places: 1)) ns"),
            ("tick of an awake leader, heartbeats included", "\(decimal(idle.nanosecondsPerLeaderTick, places: 1)) ns"),
            ("tick of a sleeping replica", "\(decimal(idle.nanosecondsPerSleepingTick, places: 1)) ns"),
            ("memory of a sleeping replica", "\(grouped(idle.memoryBytesPerReplica)) B"),
        ]
    }
}
