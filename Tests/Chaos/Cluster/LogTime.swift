import Glibc

/// The times of a node's log lines, which tell its wall clock: `{"time":"2026-11-21T08:49:37.123Z",…`.
///
/// The `Date` of answers would not do: a timer renews it, and libfaketime stops timers when a clock is turned back.
enum LogTime {
    private static let member = "\"time\":\""

    /// Seconds since 1970 of the newest lines of a log, the newest last.
    static func newest(_ lines: Int, of path: String) -> [Int] {
        guard let text = Files.readText(path) else { return [] }
        return text.split(separator: "\n").suffix(lines).compactMap(seconds)
    }

    /// Nil for a line that does not tell.
    static func seconds(of line: Substring) -> Int? {
        guard let rest = line.split(separator: member, maxSplits: 1, omittingEmptySubsequences: false).dropFirst().first
        else { return nil }
        let numbers = rest.prefix { $0 != "\"" && $0 != "." }.split { !$0.isNumber }.compactMap { Int32($0) }
        guard numbers.count == 6 else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (numbers[0] - 1900, numbers[1] - 1, numbers[2])
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (numbers[3], numbers[4], numbers[5])
        return timegm(&parts)
    }
}
