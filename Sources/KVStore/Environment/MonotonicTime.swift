/// A moment on one machine's clock, to be compared with others of the same clock only.
public struct MonotonicTime: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Nanoseconds since a moment that the clock has chosen.
    public let nanoseconds: UInt64

    /// The clock's own beginning.
    public static let zero = MonotonicTime(nanoseconds: 0)

    /// Wraps what a clock shows.
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// Earlier moments are less.
    public static func < (a: MonotonicTime, b: MonotonicTime) -> Bool { a.nanoseconds < b.nanoseconds }

    /// The moment that lies `delay` behind this one. Fractions of nanoseconds are left out.
    public static func + (time: MonotonicTime, delay: Duration) -> MonotonicTime {
        MonotonicTime(nanoseconds: UInt64(Int64(time.nanoseconds) + delay.nanoseconds))
    }

    /// How long after `earlier` this moment is.
    public static func - (time: MonotonicTime, earlier: MonotonicTime) -> Duration {
        .nanoseconds(Int64(time.nanoseconds) - Int64(earlier.nanoseconds))
    }

    /// In seconds.
    public var description: String {
        let milliseconds = nanoseconds / 1_000_000
        let rest = String(milliseconds % 1000)
        return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest)s"
    }
}

extension Duration {
    /// Whole nanoseconds; up to 292 years.
    public var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
