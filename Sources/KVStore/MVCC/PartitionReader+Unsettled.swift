/// A transaction that has committed, while not everybody who takes part is known to know.
struct UnsettledCommit: Hashable {
    let id: TransactionID
    let primary: [UInt8]
    let timestamp: Timestamp
    /// A key of each participant besides the primary's partition.
    let participants: [[UInt8]]
}

/// Those that were found in some of a partition's records.
struct UnsettledPage: Hashable {
    let found: [UnsettledCommit]
    /// Where to go on; nil at the end.
    let next: SweepPosition?
}

extension PartitionReader {
    /// Looks for commits that nobody has settled, and that nobody is at work on any more.
    ///
    /// - Parameters:
    ///   - moment: Only those whose deadline lies before it.
    ///   - limit: How many records to look at, at most.
    func unsettled(
        from start: SweepPosition,
        before moment: Timestamp,
        limit: Int
    ) throws(StateMachineError) -> UnsettledPage {
        do {
            let records = try reader.iterator(over: keys.all(PartitionKeys.Space.records), caching: .bypass)
            let place =
                start.record.map { keys.record(start.key, $0) } ?? keys.escaped(PartitionKeys.Space.records, start.key)
            var hasRecord = try records.seek(atOrAfter: place)
            var found: [UnsettledCommit] = []
            var left = limit
            while hasRecord {
                let (key, id) = try PartitionKeys.recordKey(records.key.dropFirst(keys.prefix.count))
                guard left > 0 else { return UnsettledPage(found: found, next: SweepPosition(key: key, record: id)) }
                left -= 1
                let record = try TransactionRecord(row: records.value[...])
                if case .committed(let timestamp, false, let participants) = record.state, record.until < moment {
                    found.append(
                        UnsettledCommit(id: id, primary: key, timestamp: timestamp, participants: participants)
                    )
                }
                hasRecord = try records.next()
            }
            return UnsettledPage(found: found, next: nil)
        } catch {
            throw StateMachineError(error)
        }
    }
}
