internal import Raft

/// What a partition knows of itself, besides its data: part of the replicated state.
///
///     version: 1 byte │ safe point: 8 bytes │ records: 8 bytes │ reserved: 8 bytes
///     sweep: 0, or 1 and a position │ descriptor: 0, or 1 and partition, epoch, lower, upper │ later fields
public struct PartitionFacts: Hashable, Sendable {
    /// Which keys it owns; nil until it is told, which is the same as all keys and epoch 0.
    public internal(set) var descriptor: PartitionDescriptor?
    /// What was at timestamps below this one may not be asked for any more.
    public internal(set) var safePoint = Timestamp.zero
    /// Records of transactions from before this moment are gone, or may be. No step with a deadline below it is taken.
    public internal(set) var records = Timestamp.zero
    /// Timestamps below this one may have been handed out. Only of use in the meta partition.
    public internal(set) var reserved = Timestamp.zero
    /// Where the next sweep goes on, as ``TransactionCommand/collect(safePoint:records:from:limit:)`` wants it; nil where
    /// the last one has come to the end.
    public internal(set) var sweep: [UInt8]?

    static let version: UInt8 = 1

    /// A partition that was told nothing.
    init() {}

    /// The epoch that requests have to name.
    public var epoch: UInt64 { descriptor?.epoch ?? 0 }

    /// True if the key is one of the partition's.
    public func owns(_ key: [UInt8]) -> Bool { descriptor?.range.contains(key) ?? true }

    /// True if all keys of a range are the partition's.
    public func owns(_ range: KeyRange) -> Bool {
        guard let own = descriptor?.range else { return true }
        return KeyOrder.compare(own.lower, range.lower) <= 0 && KeyOrder.compare(range.upper, own.upper) <= 0
    }

    func encoded() throws(FieldError) -> [UInt8] {
        var bytes: [UInt8] = [Self.version]
        bytes.appendTimestamp(safePoint)
        bytes.appendTimestamp(records)
        bytes.appendTimestamp(reserved)
        bytes.appendOptionalString(sweep.map { $0[...] })
        bytes.append(descriptor == nil ? 0 : 1)
        try descriptor?.encode(into: &bytes)
        return bytes
    }

    init(encoded bytes: ArraySlice<UInt8>) throws(FieldError) {
        var reader = FieldReader(bytes)
        try reader.version("facts version", upTo: Self.version)
        safePoint = try reader.timestamp("safe point")
        records = try reader.timestamp("records")
        reserved = try reader.timestamp("reserved")
        sweep = try reader.flag("sweep") ? try reader.sweepPosition("sweep").encoded : nil
        descriptor = try reader.flag("descriptor") ? try PartitionDescriptor(from: &reader) : nil
        try reader.skipLaterFields()
    }
}
