/// A point in the one order of all transactions, minted by the cluster's oracle and by nobody else.
///
///     63 ……………………………… 18 │ 17 ………… 0
///     cluster time in ms   │ number within it
///
/// Timestamps never go back, over any failover. Their upper part follows human time closely enough for deadlines and
/// for people; no correctness depends on that.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number itself.
    public let rawValue: UInt64

    /// Wraps a number.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// The first timestamp of a millisecond of cluster time, counted from 1970; below 2⁴⁶, which is in the year 4199.
    public init(milliseconds: UInt64) { rawValue = milliseconds << Self.counterBits }

    /// Before every timestamp that an oracle mints.
    public static let zero = Timestamp(0)
    /// Behind every timestamp that an oracle mints.
    public static let max = Timestamp(.max)

    static let counterBits: UInt64 = 18

    /// No oracle comes as far, which would be in the year 2527: so far from the end, what is added to one cannot run over.
    static let mintedEnd = Timestamp(1 << 62)

    /// Cluster time, in milliseconds since 1970.
    public var milliseconds: UInt64 { rawValue >> Self.counterBits }

    /// The timestamp behind this one.
    public var next: Timestamp { Timestamp(rawValue + 1) }

    /// This much cluster time later, in whole milliseconds.
    public func advanced(by duration: Duration) -> Timestamp {
        Timestamp(rawValue + UInt64(Swift.max(0, duration.nanoseconds / 1_000_000)) << Self.counterBits)
    }

    /// This much cluster time earlier, in whole milliseconds; not before the beginning.
    public func retreated(by duration: Duration) -> Timestamp {
        let less = UInt64(Swift.max(0, duration.nanoseconds / 1_000_000)) << Self.counterBits
        return Timestamp(rawValue - Swift.min(less, rawValue))
    }

    /// By the numbers.
    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.rawValue < b.rawValue }

    /// The number, in decimal.
    public var description: String { "\(rawValue)" }
}
