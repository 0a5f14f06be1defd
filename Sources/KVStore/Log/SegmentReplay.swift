internal import Raft

/// Replays one segment: tells what was durable and is intact, what was durable and is lost, and what never was.
///
/// At the place of each expected batch, in this order:
///
///     the batch is whole                                       it is done
///     a later batch begins somewhere behind                    it was durable: lost, the later one attests it
///     a later segment begins with a higher number              it was durable: lost, that segment's roster attests it
///     the ledger has its line                                  it was durable: lost, the line attests it
///     a sector of it is still as it was before                 it was never durable: the torn tail, cut without a word
///     otherwise                                                it was written whole and is damaged: nobody attests it
struct SegmentReplay {
    let number: UInt64
    let scanner: SegmentScanner
    let ledger: Ledger
    /// The number of the batch that the next segment begins with; nil for the newest one.
    let limit: UInt64?
    /// The segment is the newest: what is behind its end cannot be known from others.
    let isNewest: Bool
    /// The sector behind the last intact batch.
    private(set) var end = 1
    /// The last intact batch.
    private(set) var lastWhole: ScannedBatch?

    init(number: UInt64, scanner: SegmentScanner, ledger: Ledger, limit: UInt64?, isNewest: Bool) {
        self.number = number
        self.scanner = scanner
        self.ledger = ledger
        self.limit = limit
        self.isNewest = isNewest
    }

    /// Replays the segment, whose first batch has number `first`.
    mutating func run(from first: UInt64, into replay: inout Replay) throws(DiskError) {
        var start = 1
        var sequence = first
        while sequence < limit ?? .max {
            let outcome = try scanner.batch(at: start, sequence: sequence)
            if case .whole(let batch) = outcome, (try? replay.apply(batch, in: number)) != nil {
                start = batch.end
                end = batch.end
                lastWhole = batch
                sequence += 1
                continue
            }
            if let later = try scanner.batch(from: start, above: sequence, below: limit) {
                let attested = try scanner.attestations(at: later.start)
                lose(sequence..<later.sequence, at: start, first, lastAttested: attested, into: &replay)
                start = later.start
                sequence = later.sequence
                continue
            }
            if let limit {
                lose(sequence..<limit, at: start, first, lastAttested: nil, into: &replay)
                return
            }
            guard let line = line(from: sequence, first) else {
                return try judgeTail(outcome, at: start, sequence, first, into: &replay)
            }
            lose(sequence..<line.sequence + 1, at: start, first, lastAttested: nil, into: &replay)
            start = max(start, line.start + line.sectors)
            sequence = line.sequence + 1
        }
    }

    /// The ledger's line of the first batch from `sequence` on that it knows.
    private func line(from sequence: UInt64, _ first: UInt64) -> LedgerLine? {
        if sequence == first, let roster = ledger.roster, roster.sequence == first { return roster }
        guard sequence <= ledger.lastSequence else { return nil }
        for candidate in sequence...ledger.lastSequence {
            if let line = ledger.line(candidate) { return line }
        }
        return nil
    }

    /// Notes that batches were durable and are lost.
    private func lose(
        _ range: Range<UInt64>,
        at start: Int,
        _ first: UInt64,
        lastAttested: [Attestation]?,
        into replay: inout Replay
    ) {
        let offset = start * SectorFormat.bytes
        // A segment holds no more batches than sectors; a larger claim is not worth counting out.
        guard range.count <= LogFormat.segmentSectors else {
            return replay.lostUnidentified(sequence: range.upperBound - 1, segment: number, offset: offset)
        }
        for sequence in range {
            if sequence == first {
                loseRoster(first, offset, into: &replay)
            } else if sequence + 1 == range.upperBound, let lastAttested {
                replay.apply(lost: lastAttested, sequence: sequence, segment: number, offset: offset)
            } else if let line = ledger.line(sequence) {
                replay.apply(lost: line.attestations, sequence: sequence, segment: number, offset: offset)
            } else {
                loseUnattested(sequence, offset, into: &replay)
            }
        }
    }

    /// The roster of a later segment tells what the batch led to; until it is read, nothing is known.
    private func loseUnattested(_ sequence: UInt64, _ offset: Int, into replay: inout Replay) {
        guard !isNewest else {
            return replay.lostUnidentified(sequence: sequence, segment: number, offset: offset)
        }
        replay.note(.batch, segment: number, offset: offset)
        replay.loseUnattested(sequence: sequence, segment: number, offset: offset)
    }

    /// The roster stands in the ledger, too, and follows from the segments before, if those are intact.
    private func loseRoster(_ sequence: UInt64, _ offset: Int, into replay: inout Replay) {
        replay.note(.roster, segment: number, offset: offset)
        if let roster = ledger.roster {
            replay.take(roster: roster.attestations, sequence: sequence)
        } else if replay.lastSequence + 1 != sequence {
            replay.loseUnattested(sequence: sequence, segment: number, offset: offset)
        }
        replay.sawDurable(sequence)
    }

    /// Judges what stands behind the last batch that anything proves.
    private func judgeTail(
        _ outcome: SegmentScanner.Outcome,
        at start: Int,
        _ sequence: UInt64,
        _ first: UInt64,
        into replay: inout Replay
    ) throws(DiskError) {
        let offset = start * SectorFormat.bytes
        guard sequence > first else {
            loseRoster(sequence, offset, into: &replay)
            return replay.lostUnidentified(sequence: sequence + 1, segment: number, offset: offset)
        }
        if ledger.closedBehind == sequence - 1 {
            if let stray = try scanner.stray(from: start) {
                replay.note(.stray, segment: number, offset: stray * SectorFormat.bytes)
            }
            return
        }
        switch outcome {
        case .full:
            return
        case .torn:
            if let stray = try scanner.stray(from: start) {
                replay.note(.stray, segment: number, offset: stray * SectorFormat.bytes)
            }
        case .cut, .whole, .damaged:
            replay.lostUnidentified(sequence: sequence, segment: number, offset: offset)
        }
    }
}
