public import Raft

/// Where a partition's data lies in an engine, which holds the data of many.
///
///     2 │ partition: 8 bytes, the highest first │ 1                        the applied state
///                                               │ 2 │ place: 2 bytes       the commands that are remembered
///                                               │ 3 │ key                  what users have put without transactions
///                                               │ 4 │ key                  the latest version, ``CurrentVersion``
///                                               │ 5 │ key, escaped │ …     earlier ones, ``HistoryEntry``
///                                               │ 6 │ key, escaped │ …     what became of transactions, ``TransactionRecord``
///                                               │ 7 │ key, escaped │ …     held keys, ``KeyIntent``
///                                               │ 8 │ key, escaped │ …     held ranges, ``RangeIntent``
///                                               │ 9                        what it knows of itself, ``PartitionFacts``
///
/// Keys of users keep their order in every space. All of a partition lies together, its applied state first, and nothing else lies in
/// between; what begins with another byte than 2 belongs to the node and not to a partition.
public struct PartitionKeys: Hashable, Sendable {
    /// Whose keys they are.
    public let partition: PartitionID
    /// The beginning of all of them.
    let prefix: [UInt8]
    /// The beginning of all keys of users.
    let userPrefix: [UInt8]
    /// The beginning of all keys of latest versions.
    let currentPrefix: [UInt8]
    /// The key of the applied state.
    let state: [UInt8]
    /// The key of what the partition knows of itself.
    let facts: [UInt8]

    /// What follows the prefix.
    enum Space {
        static let state: UInt8 = 1
        static let remembered: UInt8 = 2
        static let user: UInt8 = 3
        static let current: UInt8 = 4
        static let history: UInt8 = 5
        static let records: UInt8 = 6
        static let intents: UInt8 = 7
        static let rangeIntents: UInt8 = 8
        static let facts: UInt8 = 9
    }

    private static let partitions: UInt8 = 2

    /// The keys of a partition.
    public init(_ partition: PartitionID) {
        self.partition = partition
        prefix = withUnsafeBytes(of: partition.rawValue.bigEndian) { [Self.partitions] + $0 }
        userPrefix = prefix + [Space.user]
        currentPrefix = prefix + [Space.current]
        state = prefix + [Space.state]
        facts = prefix + [Space.facts]
    }

    /// Everything that belongs to the partition.
    public var range: KeyRange {
        let next = partition.rawValue &+ 1
        guard next != 0 else { return KeyRange(prefix, [Self.partitions + 1]) }
        return KeyRange(prefix, PartitionKeys(PartitionID(next)).prefix)
    }

    /// The commands that are remembered.
    var remembered: KeyRange { KeyRange(prefix + [Space.remembered], userPrefix) }

    /// The key of one remembered command. The caller knows that the place is below
    /// ``CommandLimits/rememberedCommands``.
    func remembered(place: Int) -> [UInt8] {
        prefix + [Space.remembered, UInt8(place >> 8), UInt8(place & 0xFF)]
    }

    /// Everything behind the applied state.
    var behindState: KeyRange { KeyRange(prefix + [Space.remembered], range.upper) }

    /// The key under which a user's key lies.
    func user(_ key: ArraySlice<UInt8>) -> [UInt8] {
        var joined: [UInt8] = []
        joined.reserveCapacity(userPrefix.count + key.count)
        joined.append(contentsOf: userPrefix)
        joined.append(contentsOf: key)
        return joined
    }

    /// Where the user's keys from `from` up to `upTo`, or up to the partition's end, lie. Empty if they are not in order.
    func userRange(from: ArraySlice<UInt8>, upTo: ArraySlice<UInt8>?) -> KeyRange {
        let lower = user(from)
        guard let upTo else { return KeyRange(lower, currentPrefix) }
        return KeyOrder.compare(from, upTo) < 0 ? KeyRange(lower, user(upTo)) : KeyRange(lower, lower)
    }
}
