import CChecksum
import Raft
import Testing

@testable import KVStore

/// Decoders meet arbitrary bytes: they return or throw, and reserve no memory that the bytes do not warrant.
@Suite struct LogDecoderTests {
    private func decodeEverything(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { raw in
            var records = ByteReader(raw)
            while let record = try? StoredRecord(from: &records), records.remaining > 0 { _ = record.group }
            var entries = ByteReader(raw)
            if let record = try? EntriesRecord(from: &entries) { _ = try? record.entries() }
            var summary = ByteReader(raw)
            _ = try? Attestation.list(from: &summary)
            var batch = ByteReader(raw)
            if let header = try? BatchHeader(from: &batch) {
                let scanned = ScannedBatch(header: header, start: 1, bytes: bytes)
                _ = try? scanned.attestations()
                _ = try? scanned.records(in: 1)
            }
            var line = ByteReader(raw)
            _ = LedgerLine.next(&line, seed: 0)
        }
        _ = Ledger(bytes: bytes, identity: 1, segment: 1)
        _ = Catalog.find(in: bytes)
        _ = FileHeader.decode(bytes, kind: .segment)
        if let packed = Compression.compress(bytes) {
            let whole = try? packed.withUnsafeBytes { try Compression.decompress($0, to: bytes.count) }
            #expect(whole == bytes)
        }
        _ = try? bytes.withUnsafeBytes { try Compression.decompress($0, to: 4096) }
    }

    @Test(arguments: 0..<8)
    func randomBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let count = Int.random(in: 0...200, using: &random)
            decodeEverything((0..<count).map { _ in UInt8.random(in: 0...255, using: &random) })
        }
    }

    @Test(arguments: 0..<8)
    func recordsWithChangedBytes(seed: UInt64) throws {
        var records = RecordGenerator(seed: seed)
        var model = LogModel()
        for _ in 0..<300 {
            let record = records.next(for: model)
            model.apply(record)
            var bytes: [UInt8] = []
            if case .entries(let group, let entries) = record {
                bytes.append(StoredRecord.Kind.entries.rawValue)
                _ = EntriesRecord.encode(entries[...], of: group, after: .zero, compressionBytes: 64, into: &bytes)
                let decoded = try bytes.withUnsafeBytes { raw in
                    var reader = ByteReader(raw)
                    _ = try reader.byte()
                    return try EntriesRecord(from: &reader).entries()
                }
                #expect(decoded == entries)
            } else {
                let position = LogPosition(term: Term(3), index: LogIndex(300))
                StoredRecord.compacted(record.group, position).encodeSmall(into: &bytes)
            }
            for _ in 0..<20 {
                var changed = bytes
                for _ in 0..<Int.random(in: 1...4, using: &records.random) {
                    let place = Int.random(in: 0..<changed.count, using: &records.random)
                    changed[place] = UInt8.random(in: 0...255, using: &records.random)
                }
                if records.random.oneIn(3) {
                    changed.removeLast(Int.random(in: 0..<changed.count, using: &records.random))
                }
                decodeEverything(changed)
            }
        }
    }

    @Test func summariesComeBackAsTheyWent() throws {
        var summary = GroupSummary(group: PartitionID(.max))
        summary.hardState = HardState(term: .max, vote: NodeID(.max), commit: .max)
        summary.base = LogPosition(term: Term(4), index: LogIndex(400))
        summary.last = LogPosition(term: Term(5), index: .max)
        summary.installed = Configuration(
            voters: [NodeID(1)],
            outgoingVoters: [NodeID(2)],
            learners: [.init(id: NodeID(3), promotion: .manual), .init(id: NodeID(4), promotion: .automatic)],
            demotedVoters: [NodeID(5)],
            retired: [NodeID(6)]
        )
        for floor in [nil, .unknown, .position(LogPosition(term: Term(9), index: LogIndex(9)))] as [LogFloor?] {
            summary.floor = floor
            let list = [Attestation(summary: summary, from: LogIndex(12))]
            var bytes: [UInt8] = []
            Attestation.encode(list, into: &bytes)
            let decoded = try bytes.withUnsafeBytes { raw in
                var reader = ByteReader(raw)
                return try Attestation.list(from: &reader)
            }
            #expect(decoded == list)
        }
    }

    @Test func numbersThatCannotBeCountedOnAreRefused() {
        for sequence in [UInt64(1) << 62, .max] {
            let batch = BatchHeader.batch(.commit, sequence: sequence, attestations: [0], records: [])
            #expect(throws: FormatError.self) {
                try batch.withUnsafeBytes { raw in
                    var reader = ByteReader(raw)
                    return try BatchHeader(from: &reader)
                }
            }
            let line = LedgerLine(kind: .commit, sequence: sequence, start: 1, sectors: 1, attestations: [])
            var bytes: [UInt8] = []
            line.encode(seed: 0, attestationBytes: [0], into: &bytes)
            let decoded = bytes.withUnsafeBytes { raw in
                var reader = ByteReader(raw)
                return LedgerLine.next(&reader, seed: 0)
            }
            #expect(decoded == nil)
            let segment = FileHeader(kind: .segment, identity: 1, first: 1, second: 8192, third: sequence)
            #expect(FileHeader.decode(segment.encoded(), kind: .segment) == .damaged)
            let catalog = FileHeader(kind: .catalog, identity: 1, first: 1, second: sequence, third: 1)
            #expect(FileHeader.decode(catalog.encoded(), kind: .catalog) == .damaged)
        }
    }

    @Test func aClaimOfManyBytesIsRefusedBeforeMemoryIsReserved() {
        let bytes: [UInt8] = [1, 2, 3]
        #expect(throws: FormatError.self) {
            try bytes.withUnsafeBytes { try Compression.decompress($0, to: 1 << 40) }
        }
    }

    @Test func theChecksumIsCastagnolisBothWays() {
        let digits = Array("123456789".utf8)
        #expect(digits.withUnsafeBytes { Checksum.of($0) } == 0xE306_9283)
        var random = SeededGenerator(seed: 1)
        for count in 0..<300 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            bytes.withUnsafeBytes { raw in
                guard let address = raw.baseAddress else { return }
                #expect(Checksum.of(raw, after: 7) == gala_crc32c_portable(7, address, count))
            }
        }
    }
}
