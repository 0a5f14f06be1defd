internal import Raft

/// The tail ledger of one segment: what each of its batches did, in a file of its own.
///
///     segment   | roster | batch 1 | batch 2 | batch 3 |          written, synchronised, then acknowledged
///     ledger    | roster | did 1 | did 2 | did 3 |                written once the batch is durable
///
/// A line is written after its batch's synchronisation has returned, so a line is proof that the batch was durable. The
/// ledger itself is synchronised when nothing else is to do, and when the segment is left; until then the batch that
/// follows in the segment carries the same proof. Each line has a checksum of its own; reading ends at the first that
/// is not valid, since a line that is missing takes nothing away but proof.
struct LedgerLine: Hashable {
    enum Kind: UInt8 {
        /// The state of every group when the segment began.
        case roster = 1
        /// What a batch did.
        case commit = 2
        /// The log was closed in good order behind the batch.
        case closed = 3
    }

    var kind: Kind
    var sequence: UInt64
    /// Where the batch stands in the segment.
    var start: Int
    var sectors: Int
    var attestations: [Attestation]

    static func seed(identity: UInt64, segment: UInt64) -> UInt32 { Checksum.ofPlace(identity, segment, .max) }

    /// Appends the line with its frame: checksum, length, contents.
    func encode(seed: UInt32, attestationBytes: [UInt8], into bytes: inout [UInt8]) {
        var contents: [UInt8] = [kind.rawValue]
        contents.appendNumber(sequence)
        contents.appendNumber(start)
        contents.appendNumber(sectors)
        contents.append(contentsOf: attestationBytes)
        var framed: [UInt8] = []
        framed.reserveCapacity(contents.count + 4)
        framed.appendFixed(UInt32(contents.count))
        framed.append(contentsOf: contents)
        bytes.appendFixed(framed.withUnsafeBytes { Checksum.of($0, after: seed) })
        bytes.append(contentsOf: framed)
    }

    /// Reads one line; nil at the end of what is valid.
    static func next(_ reader: inout ByteReader, seed: UInt32) -> LedgerLine? {
        do throws(FormatError) {
            let checksum = try reader.fixed(UInt32.self)
            let length = try reader.fixed(UInt32.self)
            let contents = try reader.take(Int(length))
            let lengthChecksum = withUnsafeBytes(of: length.littleEndian) { Checksum.of($0, after: seed) }
            guard Checksum.of(contents, after: lengthChecksum) == checksum else { return nil }
            var inner = ByteReader(contents)
            guard let kind = Kind(rawValue: try inner.byte()) else { return nil }
            let sequence = try inner.number()
            guard sequence < LogFormat.numbers else { return nil }
            let start = try inner.count(upTo: .max >> 16)
            let sectors = try inner.count(upTo: LogFormat.batchBytes)
            let attestations = try Attestation.list(from: &inner)
            try inner.expectEnd()
            return LedgerLine(
                kind: kind,
                sequence: sequence,
                start: start,
                sectors: sectors,
                attestations: attestations
            )
        } catch {
            return nil
        }
    }
}

/// A ledger as recovery finds it.
struct Ledger {
    /// The sequence number of the segment's first batch, if the ledger's header is intact.
    private(set) var firstSequence: UInt64?
    /// The line of the roster, if it is intact.
    private(set) var roster: LedgerLine?
    /// The batch behind which the log was closed in good order, if it was.
    private(set) var closedBehind: UInt64?
    /// The last batch that a line attests.
    private(set) var lastSequence: UInt64 = 0
    private let bytes: [UInt8]
    private let seed: UInt32
    /// Where the line of each batch begins.
    private var offsets: [UInt64: Int] = [:]

    /// A ledger of which nothing is left.
    static let missing = Ledger(bytes: [], identity: 0, segment: 0)

    /// Reads what is valid of `bytes`.
    init(bytes: [UInt8], identity: UInt64, segment: UInt64) {
        self.bytes = bytes
        seed = LedgerLine.seed(identity: identity, segment: segment)
        if let header = FileHeader.decode(Array(bytes.prefix(FileHeader.bytes)), kind: .ledger).header,
            header.identity == identity, header.first == segment
        {
            firstSequence = header.third
        }
        guard bytes.count > FileHeader.bytes else { return }
        let found = bytes.withUnsafeBytes {
            Self.lines(UnsafeRawBufferPointer(rebasing: $0[FileHeader.bytes...]), seed)
        }
        for (offset, line) in found {
            switch line.kind {
            case .roster: roster = line
            case .closed: closedBehind = line.sequence
            case .commit:
                offsets[line.sequence] = offset + FileHeader.bytes
                lastSequence = max(lastSequence, line.sequence)
            }
        }
    }

    /// The line of a batch, if there is one.
    func line(_ sequence: UInt64) -> LedgerLine? {
        guard let offset = offsets[sequence] else { return nil }
        return bytes.withUnsafeBytes { raw in
            var reader = ByteReader(UnsafeRawBufferPointer(rebasing: raw[offset...]))
            return LedgerLine.next(&reader, seed: seed)
        }
    }

    /// All lines with where they begin; without what they attest, except for the roster, to save memory.
    private static func lines(_ raw: UnsafeRawBufferPointer, _ seed: UInt32) -> [(Int, LedgerLine)] {
        var reader = ByteReader(raw)
        var lines: [(Int, LedgerLine)] = []
        while true {
            let offset = reader.offset
            guard var line = LedgerLine.next(&reader, seed: seed) else { return lines }
            if line.kind != .roster { line.attestations = [] }
            lines.append((offset, line))
        }
    }
}
