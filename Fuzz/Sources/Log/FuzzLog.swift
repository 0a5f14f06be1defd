internal import FuzzSupport
internal import Raft

@testable internal import KVStore

/// What a log reads from its disk. The first byte says what the rest is:
///
///     0   bytes for each decoder by itself, as if a checksum had held that did not
///     1   the bytes of a segment's sectors, in sectors that are valid, so that the scanner looks into them
///     2   a record section in a whole and valid batch, the newest of a log, which is then opened: what a program with
///         a defect may have written
///     3   bytes that replace some of a log's files, which is then opened
@main
struct FuzzLog: FuzzTarget {
    private static let path = "log"
    private static let group = PartitionID(5)

    static func seeds() throws -> [[UInt8]] {
        let members = Configuration(
            voters: [NodeID(1), NodeID(2)],
            learners: [.init(id: NodeID(3), promotion: .manual)]
        )
        let entries = [
            Entry(index: LogIndex(3), term: Term(2), payload: .command([UInt8](repeating: 7, count: 90))),
            Entry(index: LogIndex(4), term: Term(2), payload: .noop),
            Entry(index: LogIndex(5), term: Term(3), payload: .configuration(members)),
        ]
        var sections: [[UInt8]] = []
        for compressionBytes in [16, 4_096] {
            var bytes = [StoredRecord.Kind.entries.rawValue]
            _ = EntriesRecord.encode(
                entries[...],
                of: group,
                after: Term(2),
                compressionBytes: compressionBytes,
                into: &bytes
            )
            sections.append(bytes)
        }
        let last = LogPosition(term: Term(2), index: LogIndex(2))
        let small: [StoredRecord] = [
            .created(PartitionID(6)), .destroyed(group), .repaired(group), .compacted(group, last),
            .hardState(group, HardState(term: Term(4), vote: NodeID(2), commit: LogIndex(2))),
            .hardState(group, HardState(term: Term(4), vote: nil, commit: LogIndex(2))),
            .installed(
                group,
                SnapshotMetadata(position: LogPosition(term: Term(3), index: LogIndex(9)), configuration: members)
            ),
        ]
        for record in small {
            var bytes: [UInt8] = []
            record.encodeSmall(into: &bytes)
            sections.append(bytes)
        }
        sections.append(sections.flatMap(\.self))
        let summary = GroupSummary(group: group, base: .origin, last: last, installed: members, floor: .position(last))
        var attestations: [UInt8] = []
        Attestation.encode([Attestation(summary: summary, from: LogIndex(1))], into: &attestations)
        let batches = sections.map {
            BatchHeader.batch(.commit, sequence: 1, attestations: attestations, records: $0)
        }
        let bare = sections.map { [0, 0, 0] + $0 } + [[0, 0, 0] + attestations]
        return bare + batches.map { [1, 0, 0] + $0 } + sections.map { [2, 0, 0] + $0 }
            + [[3, 0, 0, 1], [3, 2, 1] + attestations]
    }

    static func run(_ bytes: [UInt8]) throws {
        guard bytes.count >= 3 else { return }
        let place = Int(bytes[1]) | Int(bytes[2]) << 8
        let rest = Array(bytes[3...])
        switch bytes[0] % 4 {
        case 0: try decode(rest)
        case 1: try scan(rest)
        case 2: try recover(withNewest: rest)
        default: try recover(overwriting: place, with: rest)
        }
    }

    private static func decode(_ bytes: [UInt8]) throws {
        bytes.withUnsafeBytes { raw in
            var records = ByteReader(raw)
            while let record = try? StoredRecord(from: &records), records.remaining > 0 { _ = record.group }
            var entries = ByteReader(raw)
            if let record = try? EntriesRecord(from: &entries) { _ = try? record.entries() }
            var summary = ByteReader(raw)
            _ = try? Attestation.list(from: &summary)
            var line = ByteReader(raw)
            while LedgerLine.next(&line, seed: 0) != nil {}
        }
        let segment = ScannedBatch.whole(bytes)
        _ = try? segment?.attestations()
        _ = try? segment?.records(in: 1)
        _ = Ledger(bytes: bytes, identity: 1, segment: 1)
        _ = Catalog.find(in: bytes)
        for kind in [FileHeader.Kind.segment, .ledger, .catalog] { _ = FileHeader.decode(bytes, kind: kind) }
    }

    private static func scan(_ payload: [UInt8]) throws {
        guard !payload.isEmpty else { return }
        let format = SectorFormat(identity: 77, segment: 1)
        var image = [UInt8](repeating: 0, count: SectorFormat.bytes)
        format.frame(payload, sequence: 1, start: 1, into: &image)
        let file = try SimulatedDisk(seed: 1).directory(path).create("1")
        try file.write(image, at: 0)
        let scanner = SegmentScanner(reader: try SectorReader(file: file, format: format), capacity: 64)
        if case .whole(let batch) = try scanner.batch(at: 1, sequence: 1) {
            _ = try? batch.attestations()
            _ = try? batch.records(in: 1)
        }
        _ = try scanner.batch(from: 1, above: 0, below: nil)
        _ = try scanner.attestations(at: 1)
        _ = try scanner.stray(from: 1)
    }

    // MARK: Whole logs

    private static var options: LogOptions {
        var options = LogOptions()
        options.segmentBytes = 32 << 10
        options.batchBytes = 8 << 10
        options.zeroAheadBytes = 1 << 10
        options.compressionBytes = 64
        return options
    }

    /// A disk with a log of one group, which has two entries.
    private static func disk() throws -> SimulatedDisk {
        let disk = SimulatedDisk(seed: 1)
        let log = try WriteAheadLog.create(in: disk.directory(path), identity: 77, options: options)
        let entries = (1...2).map { Entry(index: LogIndex($0), term: Term(2), payload: .command([1, 2, 3])) }
        try log.append([.create(group), .entries(group, entries)])
        try log.sync()
        try log.close()
        return disk
    }

    private static func recover(withNewest records: [UInt8]) throws {
        guard records.count <= 4_096 else { return }
        let disk = try disk()
        let name = LogFileName.segment(1)
        let format = SectorFormat(identity: 77, segment: 1)
        let reader = try SectorReader(file: try disk.directory(path).open(name), format: format)
        var start = 1
        var sequence: UInt64 = 1
        while start < reader.sectors, case .valid(let place) = try reader.state(start) {
            sequence = UInt64(place.sequence) + 1
            start += 1
        }
        let batch = BatchHeader.batch(.commit, sequence: sequence, attestations: [0], records: records)
        var image: [UInt8] = []
        format.frame(batch, sequence: sequence, start: start, into: &image)
        disk.overwrite(path, name, at: start * SectorFormat.bytes, with: image)
        try open(disk)
    }

    private static func recover(overwriting place: Int, with bytes: [UInt8]) throws {
        let disk = try disk()
        let names = try disk.directory(path).list()
        let name = names[place % names.count]
        let size = try disk.directory(path).open(name).size()
        let offset = place / names.count % max(1, size)
        let fitting = Array(bytes.prefix(size - offset))
        disk.overwrite(path, name, at: offset, with: fitting)
        try open(disk)
    }

    /// Whatever is there: the log opens, all of it can be read, and it takes more; or it is refused.
    private static func open(_ disk: SimulatedDisk) throws {
        guard let (log, recovery) = try? WriteAheadLog.open(in: disk.directory(path), options: options) else { return }
        for group in recovery.groups {
            var next = group.base.index.next
            while next <= group.last.index {
                guard let entries = try? log.read(group.group, from: next, maxBytes: 1 << 20), let last = entries.last
                else { break }
                next = last.index.next
            }
        }
        try? log.sync()
    }
}

extension ScannedBatch {
    /// The bytes as a batch, if they begin with the header of one.
    fileprivate static func whole(_ bytes: [UInt8]) -> ScannedBatch? {
        bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            guard let header = try? BatchHeader(from: &reader) else { return nil }
            return ScannedBatch(header: header, start: 1, bytes: bytes)
        }
    }
}
