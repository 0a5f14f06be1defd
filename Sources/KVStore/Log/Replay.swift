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

    /// Does what a batch says. Nothing is done if any part of it cannot be read.
    mutating func apply(_ batch: ScannedBatch, in segment: UInt64) throws(FormatError) {
        switch batch.header.kind {
        case .roster:
            take(roster: try batch.attestations())
        case .commit:
            for (record, address) in try batch.records(in: segment) {
                groups[record.group, default: GroupState(group: record.group)].apply(record, at: address, &live)
            }
        }
        sawDurable(batch.header.sequence)
    }

    /// Takes the roster's word: it names every group as it was when the segment began.
    mutating func take(roster: [Attestation]) {
        for attestation in roster {
            let group = attestation.summary.group
            groups[group, default: GroupState(group: group)].take(attestation.summary, &live)
        }
        isBlind = false
    }

    /// Does what is attested of a batch that is lost.
    mutating func apply(lost attestations: [Attestation], sequence: UInt64, segment: UInt64, offset: Int) {
        for attestation in attestations {
            let group = attestation.summary.group
            groups[group, default: GroupState(group: group)].apply(attestation, &live)
        }
        sawDurable(sequence)
        note(.batch, segment: segment, offset: offset, groups: attestations.map(\.summary.group).sorted())
    }

    /// Notes that a batch is lost and nothing is known of it.
    mutating func lostUnidentified(sequence: UInt64, segment: UInt64, offset: Int) {
        isBlind = true
        sawDurable(sequence)
        note(.unidentifiedBatch, segment: segment, offset: offset)
    }

    /// Notes that everything behind here is unknown, for a reason that is noted already.
    mutating func becomeBlind() { isBlind = true }

    mutating func note(_ kind: LogDamage.Kind, segment: UInt64, offset: Int, groups: [PartitionID] = []) {
        damage.append(LogDamage(kind: kind, segment: segment, offset: offset, groups: groups))
    }

    mutating func sawDurable(_ sequence: UInt64) { lastSequence = max(lastSequence, sequence) }

    /// Ends the replay: what does not hang together is given up and becomes a floor.
    mutating func settle() {
        for group in groups.keys.sorted() { groups[group]?.settleAfterRecovery(isBlind: isBlind, &live) }
    }
}
