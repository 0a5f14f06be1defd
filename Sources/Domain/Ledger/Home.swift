/// One of 64 equal parts of the space of keys, so that what belongs together can be put together without a look-up.
///
///     bucket  15 … 10 │ 9 … 0          id  63 ……………… 6 │ 5 … 0
///             home    │                                  │ home
///
/// A user or an event is at home where its bucket lies. The ids of transfers, donations and top-ups are chosen, among
/// those that the minter gives, so that their last six bits name a home: a record is found by its id alone, and lies in
/// the same sixty-fourth of the keys as the account that it is about. As long as partitions are cut between homes that
/// is the same partition; where one is cut inside a home nothing is wrong, a commit only has one participant more.
///
/// The home of an id is nobody's secret: it must not be that of somebody who wants to stay unknown. Transfers to a cause
/// are at home with the cause.
public struct Home: Hashable, Comparable, Sendable {
    /// From 0 to 63.
    public let number: UInt8

    /// How many there are.
    public static let count = 64
    private static let bucketBits: UInt16 = 10

    /// Wraps a number. The caller knows that it is less than ``count``.
    public init(_ number: UInt8) {
        precondition(number < Self.count, "a home is one of 64")
        self.number = number
    }

    /// Where a bucket lies.
    public init(of bucket: Bucket) { self.init(UInt8(bucket.rawValue >> Self.bucketBits)) }

    /// Where an entity lies.
    public init(of id: some Identifier) { self.init(of: Bucket(of: id)) }

    /// The home that the id of a record names.
    public init(namedBy id: some HomedIdentifier) { self.init(UInt8(id.rawValue & 63)) }

    /// The home's first bucket, for what it has one of.
    public var firstBucket: Bucket { Bucket(UInt16(number) << Self.bucketBits) }

    /// By number.
    public static func < (a: Home, b: Home) -> Bool { a.number < b.number }
}

/// The id of a record that is found by it alone: its last six bits are its ``Home``.
public protocol HomedIdentifier: Identifier {}

extension HomedIdentifier {
    /// Where the record with this id lies: in its home, spread over the home's buckets.
    public var bucket: Bucket {
        Bucket(Home(namedBy: self).firstBucket.rawValue | Bucket(of: rawValue).rawValue & 0x3FF)
    }
}

/// A movement between two accounts.
public struct TransferID: HomedIdentifier {
    /// The number itself.
    public let rawValue: UInt64

    /// Wraps a number.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

extension IdentifierSource {
    /// Ids with the homes that are asked for, in their order.
    ///
    /// Numbers whose home nobody asks for are given up. A minter that counts gives all homes in any 64 numbers: two ids
    /// cost 64 or 128 of the 4,096 that it has for a millisecond.
    func mint(at homes: [Home]) async throws -> [UInt64] {
        var wanted = Array(repeating: [Int](), count: Home.count)
        for (place, home) in homes.enumerated().reversed() { wanted[Int(home.number)].append(place) }
        var ids = Array(repeating: UInt64(0), count: homes.count)
        var missing = homes.count
        while missing > 0 {
            for number in try await mint(Home.count) {
                guard let place = wanted[Int(number & 63)].popLast() else { continue }
                ids[place] = number
                missing -= 1
            }
        }
        return ids
    }
}
