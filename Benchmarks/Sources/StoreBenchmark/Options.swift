/// What to measure for how long.
struct Options {
    enum Part: String, CaseIterable {
        case log
        case engine
        case recovery
    }

    var parts = Part.allCases
    /// Times that every case is measured, in turns.
    var runs = 3
    /// Seconds of one measurement of the log.
    var seconds = 0.7
    /// Bytes of the log that is recovered.
    var recoveryBytes = 128 << 20
    /// Entries in the engine.
    var engineEntries = 500_000
    /// Where to work; nil for a temporary directory.
    var directory: String?
    var wantsHelp = false

    static let help = """
        Measures the log and the engine, each beside what it stands on.

        usage: store-benchmark [--full] [--part log|engine|recovery] [--seconds <s>] [--runs <n>] [--directory <path>]

          --full              five runs, two seconds each, a million entries, a log of 1 GiB; some minutes
          --part <p>          this part only
          --seconds <s>       seconds of one measurement of the log (0.7)
          --runs <n>          times that every case is measured, in turns; medians are printed (3)
          --directory <path>  where to work: the disk that is to be measured (a temporary directory)
          --help              this text

        example: swift run -c release --package-path Benchmarks store-benchmark --part log --directory /var/tmp
        """

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            switch option {
            case "--full":
                runs = 5
                seconds = 2
                recoveryBytes = 1 << 30
                engineEntries = 1_000_000
            case "--part": parts = [try Self.value(of: option, from: &rest) { Part(rawValue: $0) }]
            case "--seconds": seconds = try Self.value(of: option, from: &rest) { Double($0) }
            case "--runs": runs = try Self.value(of: option, from: &rest) { Int($0) }
            case "--directory": directory = try Self.value(of: option, from: &rest) { $0 }
            case "--help", "-h": wantsHelp = true
            default: throw UsageError("\(option) is not an option")
            }
        }
        guard seconds > 0, seconds <= 3600 else { throw UsageError("--seconds must be above 0 and at most 3600") }
        guard (1...1000).contains(runs) else { throw UsageError("--runs must be from 1 to 1000") }
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
