internal import Raft

extension WriteAheadLog {
    /// Makes a new segment the head. It begins with the state of every group, and takes at least `sectors` more.
    ///
    /// Nothing is changed if there is no room. The order of steps is what recovery relies on:
    ///
    ///     old ledger durable ▶ new files durable ▶ their names durable ▶ noted in the catalog ▶ first commit
    func beginSegment(roomFor sectors: Int) throws(LogError) {
        let number = (segments.last?.number ?? 0) + 1
        let old = head
        if let old, !old.ledgerIsSettled { try onDisk { () throws(DiskError) in try old.ledger.synchronize() } }
        let roster = groups.keys.sorted().compactMap { groups[$0] }
            .map { Attestation(summary: $0.summary, from: lastChanges[$0.summary.group] ?? .zero) }
        let new = try makeFiles(number, roster, sectors)
        if !segments.isEmpty {
            let oldest = segments[0].number
            try onDisk { () throws(DiskError) in try catalog.note(oldest: oldest, newest: number) }
            try releaseReserve()
        }
        segments.append(Segment(number: number, file: new.file, format: new.format, usedSectors: new.nextSector))
        head = new
        lastAttestations = []
        lastChanges = [:]
        nextSequence += 1
    }

    /// Gives back what the last segment reserved and did not use.
    private func releaseReserve() throws(LogError) {
        guard let last = segments.last, let file = last.file else { return }
        try onDisk { () throws(DiskError) in
            if try file.size() > last.usedBytes { try file.truncate(to: last.usedBytes) }
        }
    }

    /// Makes a segment's files: as large as usual or, where the disk is nearly full, no larger than it must be.
    private func makeFiles(_ number: UInt64, _ roster: [Attestation], _ sectors: Int) throws(LogError) -> Head {
        var attestations: [UInt8] = []
        Attestation.encode(roster, into: &attestations)
        let batch = BatchHeader.batch(.roster, sequence: nextSequence, attestations: attestations, records: [])
        let needed = 1 + SectorFormat.sectors(for: batch.count) + sectors
        let usual = max(options.segmentBytes / SectorFormat.bytes, needed)
        // Reserving more than there is would take all of it before it fails, also from everybody else.
        let room = try onDisk { () throws(DiskError) in try directory.freeBytes() } / SectorFormat.bytes
        for capacity in room > usual ? [usual, needed] : [needed] {
            do throws(DiskError) {
                return try makeFilesOnDisk(number, batch, attestations, capacity)
            } catch {
                guard case .noSpace = error else { throw .disk(error) }
            }
            try onDisk { () throws(DiskError) in try removeFiles(number...number) }
        }
        throw .noSpace
    }

    private func makeFilesOnDisk(
        _ number: UInt64,
        _ batch: [UInt8],
        _ attestations: [UInt8],
        _ capacity: Int
    ) throws(DiskError) -> Head {
        let identity = catalog.identity

        let file = try directory.create(LogFileName.segment(number))
        try file.preallocate(capacity * SectorFormat.bytes)
        let ledger = try directory.create(LogFileName.ledger(number))
        var head = Head(number: number, file: file, ledger: ledger, identity: identity, capacitySectors: capacity)
        let bytes = UInt64(capacity * SectorFormat.bytes)
        try file.write(header(.segment, number, bytes).encoded(), at: 0)
        try head.write(batch, sequence: nextSequence, zeroAheadBytes: options.zeroAheadBytes)
        try file.synchronize()

        var lines = header(.ledger, number, 0).encoded()
        let line = LedgerLine(
            kind: .roster,
            sequence: nextSequence,
            start: 1,
            sectors: head.nextSector - 1,
            attestations: []
        )
        line.encode(seed: head.ledgerSeed, attestationBytes: attestations, into: &lines)
        try ledger.write(lines, at: 0)
        head.ledgerEnd = lines.count
        try ledger.synchronize()
        try directory.synchronize()
        return head
    }

    private func header(_ kind: FileHeader.Kind, _ number: UInt64, _ bytes: UInt64) -> FileHeader {
        FileHeader(kind: kind, identity: catalog.identity, first: number, second: bytes, third: nextSequence)
    }

    /// Gives up the oldest segments in which nothing counts any more, and tells how many they were.
    func dropDeadSegments() throws(LogError) -> Int {
        let dead = segments.dropLast().prefix { live.bytes(in: $0.number) == 0 }
        guard let first = dead.first, let last = dead.last, let newest = segments.last else { return 0 }
        try onDisk { () throws(DiskError) in
            try catalog.note(oldest: last.number + 1, newest: newest.number)
            try removeFiles(first.number...last.number)
        }
        for segment in dead { live.forget(segment: segment.number) }
        segments.removeFirst(dead.count)
        return dead.count
    }

    private func removeFiles(_ numbers: ClosedRange<UInt64>) throws(DiskError) {
        for number in numbers {
            for name in [LogFileName.segment(number), LogFileName.ledger(number)] {
                do throws(DiskError) {
                    try directory.remove(name)
                } catch {
                    guard case .notFound = error else { throw error }
                }
            }
        }
        try directory.synchronize()
    }
}
