/// The parts of an identifier.
///
///     63 │ 62 ………………… 22 │ 21 ……… 12 │ 11 ……… 0
///      0 │ milliseconds  │ worker     │ number within the millisecond
///
/// Milliseconds of cluster time since the start of 2025, UTC: they last until 2094. The upper bit is 0, so that an id
/// also fits where numbers have a sign.
public struct SnowflakeID: Hashable, Comparable, Sendable, LosslessStringConvertible {
    /// The whole number; never 0.
    public let rawValue: UInt64

    /// The moment from which milliseconds count, in milliseconds since 1970: 2025-01-01T00:00:00Z.
    public static let epoch: UInt64 = 1_735_689_600_000
    /// How many milliseconds there are.
    public static let millisecondCount: UInt64 = 1 << 41
    /// How many workers there may be at a time.
    public static let workerCount: UInt16 = 1 << 10
    /// How many ids a worker has in a millisecond.
    public static let sequenceCount: UInt16 = 1 << 12

    /// Puts the parts together. The caller knows that each is within its count, and that they are not all 0.
    public init(milliseconds: UInt64, worker: UInt16, sequence: UInt16) {
        precondition(milliseconds < Self.millisecondCount, "an id's time is after its epoch and before its end")
        precondition(worker < Self.workerCount, "an id's worker has ten bits")
        precondition(sequence < Self.sequenceCount, "an id's number has twelve bits")
        rawValue = milliseconds << 22 | UInt64(worker) << 12 | UInt64(sequence)
        precondition(rawValue > 0, "an id is not 0")
    }

    /// An id from a number; nil if it is none.
    public init?(rawValue: UInt64) {
        guard rawValue > 0, rawValue >> 63 == 0 else { return nil }
        self.rawValue = rawValue
    }

    /// An id from its decimal digits; nil if they are not the one text that an id has.
    public init?(_ text: String) {
        guard let number = UInt64(text), String(number) == text else { return nil }
        self.init(rawValue: number)
    }

    /// Milliseconds since ``epoch``.
    public var milliseconds: UInt64 { rawValue >> 22 }
    /// When it was minted, in milliseconds since 1970, as far as its worker knew.
    public var millisecondsSince1970: UInt64 { Self.epoch + milliseconds }
    /// Who minted it.
    public var worker: UInt16 { UInt16(truncatingIfNeeded: rawValue >> 12) & (Self.workerCount - 1) }
    /// Which it was in its millisecond.
    public var sequence: UInt16 { UInt16(truncatingIfNeeded: rawValue) & (Self.sequenceCount - 1) }

    /// Decimal digits.
    public var description: String { String(rawValue) }

    /// By number: by time first.
    public static func < (a: SnowflakeID, b: SnowflakeID) -> Bool { a.rawValue < b.rawValue }
}
