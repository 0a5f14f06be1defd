/// The id of an entity of one kind: a number that the platform has minted, never 0, below 2^63. In text it is its
/// decimal digits.
public protocol Identifier: Hashable, Comparable, Sendable, LosslessStringConvertible {
    /// The number itself.
    var rawValue: UInt64 { get }
    /// Wraps a number. The caller knows that it is an id: it was minted, or read from where only ids are.
    init(_ rawValue: UInt64)
}

extension Identifier {
    /// An id from a number of unknown origin; nil if it cannot be one.
    public init?(checking number: UInt64) {
        guard (1...UInt64(Int64.max)).contains(number) else { return nil }
        self.init(number)
    }

    /// An id from text; nil if it is not the one text that an id has.
    public init?(_ text: String) {
        guard let number = UInt64(text), String(number) == text else { return nil }
        self.init(checking: number)
    }

    /// The number, in decimal.
    public var description: String { String(rawValue) }

    /// By the numbers: earlier ones are less, as far as ids tell.
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// A user.
public struct UserID: Identifier {
    /// The number itself.
    public let rawValue: UInt64

    /// Wraps a number.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// A non-profit organization.
public struct OrganizationID: Identifier {
    /// The number itself.
    public let rawValue: UInt64

    /// Wraps a number.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// A cause or a happening.
public struct EventID: Identifier {
    /// The number itself.
    public let rawValue: UInt64

    /// Wraps a number.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}
