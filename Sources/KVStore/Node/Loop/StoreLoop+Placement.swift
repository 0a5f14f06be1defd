public import Raft

/// How a node comes to know where keys lie, and to hold the replicas that it should.
///
///     a new cluster:   meta partition ──▶ its leader writes the records, once ──▶ every node reads its own replica of
///                      them ──▶ makes the replicas that it is to hold ──▶ each partition's leader tells it what it owns
///     later:           told of a newer epoch ──▶ reads again, until it has it
///
/// All of it is looked at in ticks, and done again until it has come about, so that no crash leaves it half done.
extension StoreLoop {
    /// Somebody has told that a partition has this epoch: the node looks for it until it knows it too.
    public func learnEpoch(_ epoch: UInt64, of partition: PartitionID) {
        guard let times = options.placement, (routing.epoch(of: partition) ?? 0) < epoch else { return }
        placement.want(partition, epoch: epoch, until: ticks + times.staleTicks)
    }

    /// What the cluster has written down about partitions, as far as this node has read it; by partition.
    public var placementRecords: [PlacementRecord] { placement.records }

    /// Why the cluster's records about partitions cannot be read; nil where they can.
    public var placementTrouble: String? { placement.trouble }

    func continuePlacement() {
        guard let placement = options.placement, ticks % placement.lookTicks == 0, !isEnding else { return }
        if self.placement.mustRead(routing, at: ticks) { readRecords() }
        writeFirstRecords(placement)
        makeReplicas(placement)
        describePartitions()
        continueBalance(placement)
    }

    // MARK: Records

    /// Reads what this node's replica of the meta partition has applied. That may be old: whoever is asked by it says so.
    private func readRecords() {
        guard store.appliedPosition(of: Self.metaPartition) != nil else { return }
        attempt { () throws(StoreError) in
            var found: [PlacementRecord] = []
            var trouble: String?
            var from: [UInt8]? = PlacementRecord.keyPrefix
            while let start = from {
                let query = ReadQuery.page(
                    from: start[...],
                    upTo: KeyRange.end(ofPrefix: PlacementRecord.keyPrefix).map { $0[...] },
                    limit: ScanLimit()
                )
                guard case .page(let page, _)? = try store.readStale(Self.metaPartition, query) else { return }
                for entry in page.entries {
                    do throws(FieldError) {
                        found.append(try PlacementRecord(key: entry.key, encoded: entry.value))
                    } catch {
                        trouble = "a record about a partition cannot be read: \(error)"
                    }
                }
                from = page.next
            }
            placement.read(found, trouble: trouble)
            for record in found { routing.learn(record.descriptor) }
        }
    }

    /// The leader of a meta partition without records writes those of a new cluster, all at once or none: whoever else
    /// leads, and thinks the same, finds them written.
    private func writeFirstRecords(_ options: PlacementOptions) {
        guard placement.records.isEmpty, placement.trouble == nil, !placement.isWriting,
            let status = store.status(of: Self.metaPartition), status.role == .leader
        else { return }
        let records = PartitionLayout(partitions: options.partitions).records(replicas: status.configuration.voters)
        placement.isWriting = true
        execute(on: Self.metaPartition, patience: .seconds(10)) { [weak self] _ in
            self?.placement.isWriting = false
        } operations: { _ in
            records.creation
        }
    }

    // MARK: Replicas

    private func makeReplicas(_ options: PlacementOptions) {
        // They would be refused, and asked for again at every look.
        guard !store.shedsWrites else { return }
        let missing = placement.missing(at: node, options.replicasPerLook) { store.appliedPosition(of: $0) != nil }
        for record in missing {
            let id = record.descriptor.id
            create(id, initial: Configuration(voters: record.replicas)) { [weak self] refusal in
                if let refusal { self?.placement.refused(id, refusal) }
            }
        }
    }

    /// Lets the logs of partitions that are led here say which keys they own.
    private func describePartitions() {
        guard let describing else { return }
        let led = store.partitions.filter { id in
            id != Self.metaPartition && store.leader(of: id) == node && !placement.described.contains(id)
        }
        let due = routing.descriptionsDue(led.map { .init(id: $0, described: describing.described($0)) })
        for descriptor in due {
            placement.described.insert(descriptor.id)
            describing.describe(descriptor) { [weak self] in self?.placement.described.remove(descriptor.id) }
        }
    }
}
