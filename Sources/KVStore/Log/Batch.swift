/// What one write to a segment carries, before it is put into sectors.
///
///     | kind 1 | sequence 8 | sectors 4 | length of attestations 4 | length of records 4 | attestations | records |
///
/// A segment begins with a *roster*, which has no records and as attestations the state of every group. A *commit*
/// attests what the batch before it did: the second place where that stands, on the road that is synchronised anyway.
struct BatchHeader: Hashable {
    enum Kind: UInt8 {
        case commit = 1
        case roster = 2
    }

    static let bytes = 21

    var kind: Kind
    var sequence: UInt64
    var sectors: Int
    var attestationBytes: Int
    var recordBytes: Int

    /// A whole batch's bytes.
    static func batch(_ kind: Kind, sequence: UInt64, attestations: [UInt8], records: [UInt8]) -> [UInt8] {
        let count = bytes + attestations.count + records.count
        var batch: [UInt8] = []
        batch.reserveCapacity(count)
        batch.append(kind.rawValue)
        batch.appendFixed(sequence)
        batch.appendFixed(UInt32(SectorFormat.sectors(for: count)))
        batch.appendFixed(UInt32(attestations.count))
        batch.appendFixed(UInt32(records.count))
        batch.append(contentsOf: attestations)
        batch.append(contentsOf: records)
        return batch
    }

    /// Reads the header of a batch, of which `reader` may have a part only.
    init(from reader: inout ByteReader) throws(FormatError) {
        guard let kind = Kind(rawValue: try reader.byte()) else { throw FormatError(reason: "no such kind of batch") }
        self.kind = kind
        sequence = try reader.fixed(UInt64.self)
        guard sequence < LogFormat.numbers else { throw FormatError(reason: "sequence number out of range") }
        sectors = Int(try reader.fixed(UInt32.self))
        attestationBytes = Int(try reader.fixed(UInt32.self))
        recordBytes = Int(try reader.fixed(UInt32.self))
        let count = Self.bytes + attestationBytes + recordBytes
        guard count <= LogFormat.batchBytes, sectors == SectorFormat.sectors(for: count) else {
            throw FormatError(reason: "a batch of \(count) bytes in \(sectors) sectors")
        }
    }
}
