internal import Raft

extension WriteAheadLog {
    /// Makes one batch durable, then lets it take effect.
    func commit(_ batch: PendingBatch) throws(LogError) {
        var payload = encode(batch)
        if head?.hasRoom(for: SectorFormat.sectors(for: payload.count)) != true {
            // The new segment's roster tells what the batch before did.
            try beginSegment(roomFor: SectorFormat.sectors(for: payload.count))
            payload = encode(batch)
        }
        guard var head else { preconditionFailure("a segment was begun") }
        let start = head.nextSector
        try onDisk { () throws(DiskError) in
            try head.write(payload, sequence: nextSequence, zeroAheadBytes: options.zeroAheadBytes)
            try head.file.synchronize()
        }
        apply(batch, start: start, recordsAt: payload.count - batch.bytes.count, in: head.number)
        let line = LedgerLine(
            kind: .commit,
            sequence: nextSequence,
            start: start,
            sectors: head.nextSector - start,
            attestations: []
        )
        try head.note(line, lastAttestations)
        nextSequence += 1
        segments[segments.count - 1].usedSectors = head.nextSector
        self.head = head
    }

    private func encode(_ batch: PendingBatch) -> [UInt8] {
        var attestations: [UInt8] = []
        Attestation.encode(lastAttestations, into: &attestations)
        return BatchHeader.batch(.commit, sequence: nextSequence, attestations: attestations, records: batch.bytes)
    }

    private func apply(_ batch: PendingBatch, start: Int, recordsAt offset: Int, in segment: UInt64) {
        let home = start * SectorFormat.payloadBytes + offset
        for (record, offset, length) in batch.records {
            let address = RecordAddress(segment: segment, offset: home + offset, length: length)
            groups[record.group, default: GroupState(group: record.group)].apply(record, at: address, &live)
        }
        lastChanges = batch.from
        lastAttestations = batch.groups.compactMap { group in
            guard let summary = groups[group]?.summary else { return nil }
            return Attestation(summary: summary, from: batch.from[group] ?? .zero)
        }
    }

    /// Writes down that the log ends in good order.
    func noteClosing() throws(LogError) {
        guard var head else { return }
        let line = LedgerLine(kind: .closed, sequence: nextSequence - 1, start: 0, sectors: 0, attestations: [])
        try head.note(line, [])
        self.head = head
    }
}

/// The segment that is being written.
struct Head {
    let number: UInt64
    let file: any DiskFile
    let ledger: any DiskFile
    let format: SectorFormat
    let capacitySectors: Int
    let ledgerSeed: UInt32
    var nextSector = 1
    var ledgerIsSettled = true
    var ledgerEnd = FileHeader.bytes
    /// Sectors before this one are written, or filled with zeros.
    private var filledSectors = 1

    init(number: UInt64, file: any DiskFile, ledger: any DiskFile, identity: UInt64, capacitySectors: Int) {
        self.number = number
        self.file = file
        self.ledger = ledger
        self.capacitySectors = capacitySectors
        format = SectorFormat(identity: identity, segment: number)
        ledgerSeed = LedgerLine.seed(identity: identity, segment: number)
    }

    func hasRoom(for sectors: Int) -> Bool { nextSector + sectors <= capacitySectors }

    /// Writes a batch, and zeros ahead of it now and then.
    mutating func write(_ payload: [UInt8], sequence: UInt64, zeroAheadBytes: Int) throws(DiskError) {
        var image: [UInt8] = []
        image.reserveCapacity(SectorFormat.sectors(for: payload.count) * SectorFormat.bytes)
        format.frame(payload, sequence: sequence, start: nextSector, into: &image)
        let end = nextSector + image.count / SectorFormat.bytes
        if end > filledSectors {
            let ahead = min(capacitySectors, end + zeroAheadBytes / SectorFormat.bytes)
            let zeros = [UInt8](repeating: 0, count: (ahead - end) * SectorFormat.bytes)
            if !zeros.isEmpty { try file.write(zeros, at: end * SectorFormat.bytes) }
            filledSectors = ahead
        }
        try file.write(image, at: nextSector * SectorFormat.bytes)
        nextSector = end
    }

    /// Writes a line of the ledger, without waiting for it to last.
    mutating func note(_ line: LedgerLine, _ attestations: [Attestation]) throws(LogError) {
        var encoded: [UInt8] = []
        Attestation.encode(attestations, into: &encoded)
        var bytes: [UInt8] = []
        line.encode(seed: ledgerSeed, attestationBytes: encoded, into: &bytes)
        do throws(DiskError) {
            try ledger.write(bytes, at: ledgerEnd)
        } catch {
            // A full disk takes no more proof; the batch that follows proves the same, and the reserved segment has
            // room for it.
            if case .noSpace = error {
                // A part of the line may have been written.
                ledgerIsSettled = false
                return
            }
            throw .disk(error)
        }
        ledgerEnd += bytes.count
        ledgerIsSettled = false
    }
}
