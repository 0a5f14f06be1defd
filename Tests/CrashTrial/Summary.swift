/// What a round has come to.
struct RoundReport {
    var acknowledged = 0
    var beyond = 0
    let inspection: Inspection

    init(_ inspection: Inspection) { self.inspection = inspection }

    var text: String {
        let segments = inspection.segments
        return """
            \(acknowledged) acknowledged, \(beyond) more recovered; opened in \(milliseconds(inspection.opened)) ms, \
            ready after \(milliseconds(inspection.ready)) ms, \(inspection.replayed) entries applied again, segments \
            \(segments.oldest) to \(segments.newest)
            """
    }
}

/// What a trial has come to.
struct Summary {
    var violations = 0
    private var rounds: [RoundReport] = []

    mutating func add(_ round: RoundReport) { rounds.append(round) }

    func text(of crashes: Int, _ kind: Crash) -> String {
        let acknowledged = rounds.reduce(0) { $0 + $1.acknowledged }
        let beyond = rounds.reduce(0) { $0 + $1.beyond }
        let times = rounds.map(\.inspection.ready).sorted()
        var lines = ["\(crashes) \(kind.rawValue)s: \(violations) with a loss or another violation"]
        if !times.isEmpty, let newest = rounds.last?.inspection {
            lines.append("\(acknowledged) commands acknowledged, \(beyond) more recovered in rounds without one")
            let median = milliseconds(times[times.count / 2])
            let longest = milliseconds(times[times.count - 1])
            lines.append("recovery: median \(median) ms, longest \(longest) ms")
            let segments = "\(newest.segments.oldest) to \(newest.segments.newest)"
            lines.append("at the end: segments \(segments), logs cut up to index \(newest.base)")
        }
        return lines.joined(separator: "\n")
    }
}
