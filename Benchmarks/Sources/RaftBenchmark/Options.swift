/// What to measure for how long, and how to print it.
struct Options {
    enum Format: String, CaseIterable {
        case table
        case json
        case markdown
    }

    var format = Format.table
    /// Times that every case is measured, in turns.
    var runs = 5
    /// Seconds of one measurement.
    var seconds = 1.0
    /// Bytes of a command, each of which is measured with each batch.
    var payloads = [16, 256, 4096]
    /// Commands a proposal.
    var batches = [1, 64]
    /// Proposals that are on their way together.
    var pipeline = 8
    var wantsHelp = false

    static let help = """
        Measures the consensus core: three replicas in memory, on one thread.

        usage: raft-benchmark [--quick] [--seconds <s>] [--runs <n>] [--payload <bytes>] [--batch <n>]
                              [--pipeline <n>] [--format table|json|markdown]

          --quick         three runs of 0.2 s each, for a first look
          --seconds <s>   seconds of one measurement (1)
          --runs <n>      times that every case is measured, in turns; medians are printed (5)
          --payload <b>   bytes of a command (16, 256 and 4096)
          --batch <n>     commands a proposal (1 and 64)
          --pipeline <n>  proposals that are on their way together (8)
          --format <f>    table, json or markdown (table)
          --help          this text

        example: swift run -c release --package-path Benchmarks raft-benchmark --seconds 0.5 --format markdown
        """

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            switch option {
            case "--quick":
                runs = 3
                seconds = 0.2
            case "--seconds": seconds = try Self.value(of: option, from: &rest) { Double($0) }
            case "--runs": runs = try Self.value(of: option, from: &rest) { Int($0) }
            case "--payload": payloads = [try Self.value(of: option, from: &rest) { Int($0) }]
            case "--batch": batches = [try Self.value(of: option, from: &rest) { Int($0) }]
            case "--pipeline": pipeline = try Self.value(of: option, from: &rest) { Int($0) }
            case "--format": format = try Self.value(of: option, from: &rest) { Format(rawValue: $0) }
            case "--help", "-h": wantsHelp = true
            default: throw UsageError("\(option) is not an option")
            }
        }
        guard seconds > 0, seconds <= 3600 else { throw UsageError("--seconds must be above 0 and at most 3600") }
        guard (1...1000).contains(runs) else { throw UsageError("--runs must be from 1 to 1000") }
        guard payloads.allSatisfy({ (8...65_536).contains($0) }) else {
            throw UsageError("--payload must be from 8 to 65536")
        }
        guard batches.allSatisfy({ (1...1024).contains($0) }) else {
            throw UsageError("--batch must be from 1 to 1024")
        }
        // The inflight window of a follower holds 64 appends.
        guard (1...64).contains(pipeline) else { throw UsageError("--pipeline must be from 1 to 64") }
    }

    private static func value<Value>(
        of option: String,
        from rest: inout ArraySlice<String>,
        _ parse: (String) -> Value?
    ) throws -> Value {
        guard let text = rest.popFirst(), let value = parse(text) else {
            throw UsageError("\(option) needs a value that makes sense")
        }
        return value
    }
}

/// Options that make no sense.
struct UsageError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
