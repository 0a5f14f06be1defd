internal import Raft

/// Which partition a key lies in, as far as a node knows.
protocol PartitionRouting {
    /// The partition of a key; nil while that is not known.
    func descriptor(of key: [UInt8]) -> PartitionDescriptor?

    /// The partitions of a range, in its order, each with its part; nil while that is not known.
    func descriptors(of range: KeyRange) -> [(descriptor: PartitionDescriptor, part: KeyRange)]?
}

extension PartitionRouting {
    /// Cuts a draft into the shares of partitions, in the order of their ids. Where keys were locked before, their
    /// partitions take part too. Nil while it is not known where something lies.
    func shares(of draft: TransactionDraft, _ attempt: TransactionAttempt) -> [Coordinator.Part]? {
        var shares: [PartitionID: Share] = [:]
        func share(_ descriptor: PartitionDescriptor, _ key: [UInt8], _ body: (inout TransactionDraft) -> Void) {
            var share = shares[descriptor.id] ?? Share(epoch: descriptor.epoch, anchor: key, start: draft.start)
            body(&share.draft)
            shares[descriptor.id] = share
        }
        for key in draft.reads {
            guard let found = descriptor(of: key) else { return nil }
            share(found, key) { $0.reads.append(key) }
        }
        for range in draft.ranges {
            guard let found = descriptors(of: range) else { return nil }
            for (descriptor, part) in found { share(descriptor, part.lower) { $0.ranges.append(part) } }
        }
        for check in draft.checks {
            guard let found = descriptor(of: check.key) else { return nil }
            share(found, check.key) { $0.checks.append(check) }
        }
        for change in draft.changes {
            guard let found = descriptor(of: change.key) else { return nil }
            share(found, change.key) { $0.changes.append(change) }
        }
        for key in attempt.locked {
            guard let found = descriptor(of: key) else { return nil }
            share(found, key) { _ in }
        }
        return shares.keys.sorted().compactMap { id in
            shares[id].map { share in
                // A step that comes late looks for its tombstone where the partition expects its trace.
                let anchor = share.draft.isEmpty ? share.anchor : Footprint(share.draft).anchor
                return Coordinator.Part(partition: id, epoch: share.epoch, anchor: anchor, draft: share.draft)
            }
        }
    }
}

private struct Share {
    let epoch: UInt64
    let anchor: [UInt8]
    var draft: TransactionDraft

    init(epoch: UInt64, anchor: [UInt8], start: Timestamp?) {
        self.epoch = epoch
        self.anchor = anchor
        draft = TransactionDraft(start: start)
    }
}

extension RoutingTable: PartitionRouting {}
