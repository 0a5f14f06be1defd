/// A moment of cluster time, in milliseconds since 1970, UTC, without leap seconds; up to the end of the year 9999.
///
/// It comes from the timestamps of transactions, never from a machine's own clock. In text it is RFC 3339 in UTC:
/// `2026-03-01T12:00:00.000Z`.
public struct Instant: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Milliseconds since 1970.
    public let milliseconds: UInt64

    /// The end of the year 9999.
    public static let latest = Instant(milliseconds: 253_402_300_799_999)

    /// Wraps a number of milliseconds since 1970; what lies behind ``latest`` becomes ``latest``.
    public init(milliseconds: UInt64) { self.milliseconds = min(milliseconds, 253_402_300_799_999) }

    /// A moment from RFC 3339: a date, `T`, a time with up to nine digits of a second's fraction, `Z` or an offset.
    /// Nil if the text is not that, or lies before 1970.
    ///
    /// A leap second counts as the first second of the next minute; what is finer than milliseconds is cut off.
    public init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, let date = CalendarDate(String(decoding: bytes[0..<10], as: UTF8.self)),
            bytes[10] | 0x20 == UInt8(ascii: "t"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            let hour = Digits.value(bytes[11..<13]), hour < 24,
            let minute = Digits.value(bytes[14..<16]), minute < 60,
            let second = Digits.value(bytes[17..<19]), second <= 60
        else { return nil }
        var rest = bytes[19...]
        guard let fraction = Self.takeFraction(&rest), let offset = Self.offsetMinutes(rest) else { return nil }
        let minutes = date.daysSince1970 * 1_440 + hour * 60 + minute - offset
        let total = (minutes * 60 + second) * 1_000 + fraction
        guard total >= 0, UInt64(total) <= Self.latest.milliseconds else { return nil }
        self.init(milliseconds: UInt64(total))
    }

    /// Milliseconds of `.123`; 0 where there is no fraction, nil where it is none.
    private static func takeFraction(_ rest: inout ArraySlice<UInt8>) -> Int? {
        guard rest.first == UInt8(ascii: ".") else { return 0 }
        let digits = rest.dropFirst().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard (1...9).contains(digits.count) else { return nil }
        rest = rest[digits.endIndex...]
        let padded = Array(digits.prefix(3)) + Array(repeating: UInt8(ascii: "0"), count: max(0, 3 - digits.count))
        return Digits.value(padded[...])
    }

    /// Minutes of `Z` or `+01:30`.
    private static func offsetMinutes(_ rest: ArraySlice<UInt8>) -> Int? {
        if rest.count == 1 { return rest.first.map { $0 | 0x20 } == UInt8(ascii: "z") ? 0 : nil }
        let bytes = Array(rest)
        guard bytes.count == 6, bytes[3] == UInt8(ascii: ":"),
            bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-"),
            let hours = Digits.value(bytes[1..<3]), hours < 24, let minutes = Digits.value(bytes[4..<6]), minutes < 60
        else { return nil }
        return (bytes[0] == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
    }

    /// This much later; never behind ``latest``.
    public func advanced(by duration: Duration) -> Instant {
        let (seconds, attoseconds) = duration.components
        let later = Int64(milliseconds) + seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        return Instant(milliseconds: UInt64(max(0, later)))
    }

    /// How much later it is than another moment; negative if it is earlier.
    public func duration(since earlier: Instant) -> Duration {
        .milliseconds(Int64(milliseconds) - Int64(earlier.milliseconds))
    }

    /// RFC 3339 in UTC, with milliseconds.
    public var description: String {
        let date = CalendarDate(daysSince1970: Int(milliseconds / 86_400_000))
        let ofDay = Int(milliseconds % 86_400_000)
        let time = [ofDay / 3_600_000, ofDay / 60_000 % 60, ofDay / 1_000 % 60].map { Digits.text($0, 2) }
        return "\(date)T\(time[0]):\(time[1]):\(time[2]).\(Digits.text(ofDay % 1_000, 3))Z"
    }

    /// Earlier moments are less.
    public static func < (a: Instant, b: Instant) -> Bool { a.milliseconds < b.milliseconds }
}
