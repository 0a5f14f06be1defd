public import Raft

/// What the cluster has written down about a partition, in its meta partition:
///
///     "partition/" │ id: 8 bytes, the highest first
///     version: 1 byte │ lower │ upper │ epoch │ replicas: number │ node … │ later fields
///
/// The ends are a length and as many bytes; a number stands in groups of seven bits, the lowest first. What a later
/// revision has added is kept when an older program writes the record again.
public struct PlacementRecord: Hashable, Sendable {
    /// Which keys the partition owns.
    public let descriptor: PartitionDescriptor
    /// The nodes that its group began with. The group's own configuration tells who belongs to it now.
    public let replicas: [NodeID]
    private let laterFields: [UInt8]

    /// The most nodes that a group may begin with.
    public static let mostReplicas = 7
    private static let version: UInt8 = 1

    /// A record of this program's revision.
    public init(_ descriptor: PartitionDescriptor, replicas: [NodeID]) {
        self.descriptor = descriptor
        self.replicas = replicas
        laterFields = []
    }

    /// What all keys of records begin with.
    static let keyPrefix = Array("partition/".utf8)

    /// Where the record lies in the meta partition.
    var key: [UInt8] { withUnsafeBytes(of: descriptor.id.rawValue.bigEndian) { Self.keyPrefix + $0 } }

    /// The record's bytes.
    func encoded() -> [UInt8] {
        var bytes = [Self.version]
        bytes.appendString(descriptor.range.lower[...])
        bytes.appendString(descriptor.range.upper[...])
        bytes.appendNumber(descriptor.epoch)
        bytes.appendNumber(replicas.count)
        for replica in replicas { bytes.appendNumber(replica.rawValue) }
        return bytes + laterFields
    }

    /// Reads a record.
    ///
    /// - Throws: the first field that is not as ``encoded()`` writes it.
    init(key: [UInt8], encoded bytes: [UInt8]) throws(FieldError) {
        guard key.starts(with: Self.keyPrefix), key.count == Self.keyPrefix.count + 8 else {
            throw FieldError("key", "must be that of a record")
        }
        let id = key.dropFirst(Self.keyPrefix.count).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        var reader = FieldReader(bytes)
        try reader.version("record version", upTo: Self.version)
        let lower = Array(try reader.string("lower", upTo: CommandLimits.keyBytes))
        let upper = Array(try reader.string("upper", upTo: CommandLimits.keyBytes))
        guard KeyOrder.compare(lower, upper) < 0 else { throw FieldError("upper", "must be behind lower") }
        let epoch = try reader.number("epoch")
        var replicas: [NodeID] = []
        for _ in 0..<(try reader.count("replicas", upTo: Self.mostReplicas)) {
            replicas.append(NodeID(try reader.number("replica")))
        }
        let later = reader
        try reader.skipLaterFields()
        descriptor = PartitionDescriptor(id: PartitionID(id), range: KeyRange(lower, upper), epoch: epoch)
        self.replicas = replicas
        laterFields = Array(bytes.suffix(later.remaining))
    }
}

extension PartitionLayout {
    /// The records of a new cluster.
    func records(replicas: [NodeID]) -> [PlacementRecord] {
        descriptors.map { PlacementRecord($0, replicas: replicas) }
    }
}

extension [PlacementRecord] {
    /// What writes them all, where there are none.
    var creation: [Command.Operation] {
        map { .compareAndSet(key: $0.key[...], expected: nil, new: $0.encoded()[...]) }
    }
}
