internal import Raft

/// Finds the batches of one segment.
struct SegmentScanner {
    /// The segment's file.
    let reader: SectorReader
    /// How many sectors the segment was made with; those of the file, if its header does not tell.
    let capacity: Int

    /// What stands where a batch was expected.
    enum Outcome {
        /// The batch.
        case whole(ScannedBatch)
        /// The segment is full.
        case full
        /// The file is shorter than the segment.
        case cut
        /// Nothing, or a write of which at least one sector did not arrive: it was never acknowledged, unless a later
        /// batch or the ledger proves that it was.
        case torn
        /// All sectors were written, and some are no longer as they were.
        case damaged
    }

    /// A batch of which a beginning is intact, and which begins behind the place that was looked at.
    struct Found {
        let start: Int
        let sequence: UInt64
    }

    /// Looks at the place where batch number `sequence` is expected.
    func batch(at start: Int, sequence: UInt64) throws(DiskError) -> Outcome {
        if start >= capacity { return .full }
        if start >= reader.sectors { return .cut }
        var bytes: [UInt8] = []
        switch try reader.read(start, appendingTo: &bytes) {
        case .unwritten: return .torn
        case .damaged: return .damaged
        case .valid(let place):
            guard place.index == 0, place.sequence == UInt32(truncatingIfNeeded: sequence) else { return .damaged }
        }
        guard let header = Self.header(bytes), header.sequence == sequence else { return .damaged }
        bytes.reserveCapacity(min(header.sectors, reader.sectors) * SectorFormat.payloadBytes)
        var isUnwritten = false
        var isDamaged = false
        for index in 1..<max(1, header.sectors) {
            guard start + index < reader.sectors else { return .damaged }
            switch try reader.read(start + index, appendingTo: &bytes) {
            case .unwritten: isUnwritten = true
            case .damaged: isDamaged = true
            case .valid(let place): if !header.holds(place, at: index) { isDamaged = true }
            }
        }
        if isUnwritten { return .torn }
        if isDamaged { return .damaged }
        return .whole(ScannedBatch(header: header, start: start, bytes: bytes))
    }

    /// The first batch from sector `start` on with a number above `sequence` and below `limit`, found by its first
    /// sector. Such a sector proves that every batch before was durable: it was written after that.
    func batch(from start: Int, above sequence: UInt64, below limit: UInt64?) throws(DiskError) -> Found? {
        for sector in start..<max(start, min(capacity, reader.sectors)) {
            guard case .valid(let place) = try reader.state(sector), place.index == 0 else { continue }
            let ahead = place.sequence &- UInt32(truncatingIfNeeded: sequence)
            let found = sequence + UInt64(ahead)
            guard ahead > 0, ahead < 1 << 31, found < limit ?? .max else { continue }
            return Found(start: sector, sequence: found)
        }
        return nil
    }

    /// What the batch that begins at `start` attests of the one before, if that part of it is intact.
    func attestations(at start: Int) throws(DiskError) -> [Attestation]? {
        var bytes: [UInt8] = []
        var sector = start
        while sector < reader.sectors {
            guard case .valid(let place) = try reader.read(sector, appendingTo: &bytes), place.index == sector - start
            else { return nil }
            guard let header = Self.header(bytes) else { return nil }
            if bytes.count >= BatchHeader.bytes + header.attestationBytes {
                return try? ScannedBatch(header: header, start: start, bytes: bytes).attestations()
            }
            sector += 1
        }
        return nil
    }

    /// The first sector from `start` on that was never written by this log and yet is not empty.
    func stray(from start: Int) throws(DiskError) -> Int? {
        for sector in start..<max(start, min(capacity, reader.sectors)) {
            if case .damaged = try reader.state(sector) { return sector }
        }
        return nil
    }

    private static func header(_ bytes: [UInt8]) -> BatchHeader? {
        bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            return try? BatchHeader(from: &reader)
        }
    }
}

extension BatchHeader {
    fileprivate func holds(_ place: SectorPlace, at index: Int) -> Bool {
        place.sequence == UInt32(truncatingIfNeeded: sequence) && place.index == index
            && place.isLast == (index == sectors - 1)
    }
}

/// A batch as it was read.
struct ScannedBatch {
    let header: BatchHeader
    /// Its first sector.
    let start: Int
    let bytes: [UInt8]

    /// The sector behind its last.
    var end: Int { start + header.sectors }

    /// What it attests: of a commit, the batch before; of a roster, every group.
    func attestations() throws(FormatError) -> [Attestation] {
        try reading(BatchHeader.bytes, header.attestationBytes) { reader throws(FormatError) in
            let list = try Attestation.list(from: &reader)
            try reader.expectEnd()
            return list
        }
    }

    /// Its records, and where each of them lies.
    func records(in segment: UInt64) throws(FormatError) -> [(StoredRecord, RecordAddress)] {
        let offset = BatchHeader.bytes + header.attestationBytes
        let home = start * SectorFormat.payloadBytes + offset
        return try reading(offset, header.recordBytes) { reader throws(FormatError) in
            var records: [(StoredRecord, RecordAddress)] = []
            while reader.remaining > 0 {
                let before = reader.offset
                let record = try StoredRecord(from: &reader)
                let length = reader.offset - before
                records.append((record, RecordAddress(segment: segment, offset: home + before, length: length)))
            }
            return records
        }
    }

    private func reading<Value>(
        _ offset: Int,
        _ count: Int,
        _ body: (inout ByteReader) throws(FormatError) -> Value
    ) throws(FormatError) -> Value {
        try withBytes(bytes) { raw throws(FormatError) in
            guard offset + count <= raw.count else { throw FormatError(reason: "ends too early") }
            var reader = ByteReader(UnsafeRawBufferPointer(rebasing: raw[offset..<offset + count]))
            return try body(&reader)
        }
    }
}

/// Lends the bytes of an array to a decoder, whose error keeps its type.
func withBytes<Value>(
    _ bytes: [UInt8],
    _ body: (UnsafeRawBufferPointer) throws(FormatError) -> Value
) throws(FormatError) -> Value {
    let result: Result<Value, FormatError> = bytes.withUnsafeBytes { raw in
        do throws(FormatError) {
            return .success(try body(raw))
        } catch {
            return .failure(error)
        }
    }
    return try result.get()
}
