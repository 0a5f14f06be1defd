internal import Raft

/// What recovery knows of the groups, batch by batch.
struct Replay {
    private(set) var groups: [PartitionID: GroupState] = [:]
    private(set) var live = Liveness()
    /// True while a batch is lost of which nobody can say what it did.
    private(set) var isBlind = false
    /// The number of the last batch that is known to have been durable.
    private(set) var lastSequence: UInt64 = 0
    private(set) var damage: [LogDamage] = []
    /// The last lost batch that nothing has told of. A roster right behind it still can.
    private var unattested: (sequence: UInt64, place: RecordPlace)?
    private var lastBatch = LastBatch.other

    /// The batch that was replayed last.
    private enum LastBatch {
        case records([(StoredRecord, RecordAddress)])
        case attestations([Attestation])
        /// A roster, which replaced nothing, or a lost batch that may have done anything.
        case other
    }

    /// Does what a batch says. Nothing is done if any part of it cannot be read.
    mutating func apply(_ batch: ScannedBatch, in segment: UInt64) throws(FormatError) {
        switch batch.header.kind {
        case .roster:
            take(roster: try batch.attestations(), sequence: batch.header.sequence)
        case .commit:
            let records = try batch.records(in: segment)
            doubtEntries()
            for (record, address) in records {
                groups[record.group, default: GroupState(group: record.group)].apply(record, at: address, &live)
            }
            lastBatch = .records(records)
        }
        sawDurable(batch.header.sequence)
    }

    /// Takes the roster's word: it names every group as it was when the segment began, and tells from where on the batch
    /// before it replaced entries. That matters only where this batch is lost: it may have been replayed otherwise.
    mutating func take(roster: [Attestation], sequence: UInt64) {
        let followsLoss = unattested.map { $0.sequence + 1 == sequence } ?? false
        if followsLoss { unattested = nil } else { doubtEntries() }
        for attestation in roster {
            let group = attestation.summary.group
            if followsLoss {
                groups[group, default: GroupState(group: group)].apply(attestation, &live)
            } else {
                groups[group, default: GroupState(group: group)].take(attestation.summary, &live)
            }
        }
        isBlind = false
        lastBatch = .other
    }

    /// Does what is attested of a batch that is lost.
    mutating func apply(lost attestations: [Attestation], sequence: UInt64, segment: UInt64, offset: Int) {
        doubtEntries()
        lastBatch = .attestations(attestations)
        for attestation in attestations {
            let group = attestation.summary.group
            groups[group, default: GroupState(group: group)].apply(attestation, &live)
        }
        sawDurable(sequence)
        note(.batch, segment: segment, offset: offset, groups: attestations.map(\.summary.group).sorted())
    }

    /// Notes that a batch is lost and nothing is known of it.
    mutating func lostUnidentified(sequence: UInt64, segment: UInt64, offset: Int) {
        loseUnattested(sequence: sequence, segment: segment, offset: offset)
        note(.unidentifiedBatch, segment: segment, offset: offset)
    }

    /// Goes on behind a batch of which nothing is known so far, for a reason that is noted elsewhere.
    mutating func loseUnattested(sequence: UInt64, segment: UInt64, offset: Int) {
        doubtEntries()
        let place = RecordPlace(segment: segment, offset: offset / SectorFormat.bytes * SectorFormat.payloadBytes)
        unattested = (sequence, place)
        isBlind = true
        lastBatch = .other
        sawDurable(sequence)
    }

    /// Something follows the lost batch that does not tell what it did: each entry that was not committed before it may
    /// have been replaced. Where nothing follows, entries and hard state are of the same moment, and stay as they are.
    private mutating func doubtEntries() {
        guard let lost = unattested else { return }
        unattested = nil
        for group in groups.keys.sorted() { groups[group]?.doubtEntries(since: lost.place) }
    }

    /// From where on the last batch replaced entries, for each group that it was about.
    var lastChanges: [PartitionID: LogIndex] {
        var changes: [PartitionID: LogIndex] = [:]
        switch lastBatch {
        case .records(let records):
            for (record, _) in records {
                guard case .entries(let header, _) = record else { continue }
                changes[header.group] = min(changes[header.group] ?? header.first, header.first)
            }
        case .attestations(let attestations):
            for attestation in attestations where attestation.from > .zero {
                changes[attestation.summary.group] = attestation.from
            }
        case .other:
            break
        }
        return changes
    }

    /// Notes damage. Batches that are lost in a row begin at the same place as far as anybody knows: it is told once.
    mutating func note(_ kind: LogDamage.Kind, segment: UInt64, offset: Int, groups: [PartitionID] = []) {
        let found = LogDamage(kind: kind, segment: segment, offset: offset, groups: groups)
        if damage.last != found { damage.append(found) }
    }

    mutating func sawDurable(_ sequence: UInt64) { lastSequence = max(lastSequence, sequence) }

    /// Ends the replay: what does not hang together is given up and becomes a floor.
    mutating func settle() {
        for group in groups.keys.sorted() { groups[group]?.settleAfterRecovery(isBlind: isBlind, &live) }
    }
}
