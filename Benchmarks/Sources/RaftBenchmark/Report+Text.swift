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
        let widths = throughputTitles.indices.map { column in
            throughputCells.reduce(throughputTitles[column].count) { max($0, $1[column].count) }
        }
        let lines = ([throughputTitles] + throughputCells).map { cells in
            zip(cells, widths)
                .map { cell, width in String(repeating: " ", count: width - cell.count) + cell }
                .joined(separator: "  ")
        }
        let idleLines = idleCells.map { name, value in "\(name): \(value)" }
        return ([circumstances, ""] + lines + [""] + idleLines).joined(separator: "\n")
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

    private func grouped(_ value: Double) -> String { grouped(Int(value.rounded())) }

    /// `1234567` as `1,234,567`.
    private func grouped(_ value: Int) -> String {
        var text = ""
        for (position, digit) in String(value).reversed().enumerated() {
            if position > 0, position % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }

    /// A value that is not negative, with a fixed number of digits behind the point.
    private func decimal(_ value: Double, places: Int) -> String {
        let unit = (0..<places).reduce(1) { scale, _ in scale * 10 }
        let scaled = Int((value * Double(unit)).rounded())
        let fraction = String(scaled % unit)
        return "\(scaled / unit)." + String(repeating: "0", count: places - fraction.count) + fraction
    }
}
