internal import Raft

/// Forgetting: what leaders propose so that replicas remove what nobody may ask for any more, and what they do so that
/// records of transactions whose coordinator has died may be removed one day.
extension Transactions {
    /// Goes on with the passes of all partitions that are led here.
    func continueCollection() {
        guard clock.isSet else { return }
        for partition in served.keys.sorted() where partition != StoreLoop.metaPartition {
            guard served[partition]?.collection.isDue(at: loop.ticks) == true else { continue }
            collect(partition)
        }
    }

    private func collect(_ partition: PartitionID) {
        guard let term = served[partition]?.participant.term, let contents = contents(of: partition) else { return }
        let now = clock.greatest
        let facts = contents.machine.facts
        finishUnsettled(partition, contents, now)
        let command = Command(
            id: loop.newCommandID(),
            mintedAt: .zero,
            transaction: .collect(
                safePoint: now.retreated(by: options.collection.retention),
                records: now.retreated(by: options.collection.recordRetention),
                from: facts.sweep ?? [],
                limit: options.collection.pieceRows
            )
        )
        do throws(RequestRefusal) {
            try loop.submit(command, to: partition) { [weak self] answer in
                guard let self, served[partition]?.participant.term == term else { return }
                guard case .decided(let outcome, let position, _) = answer, outcome.step == .done,
                    let facts = self.contents(of: partition)?.machine.facts
                else {
                    served[partition]?.collection.failed(options.collection, at: loop.ticks)
                    return
                }
                counts.collections += 1
                served[partition]?.collection.done(
                    options.collection,
                    at: loop.ticks,
                    index: position.index,
                    isEnd: facts.sweep == nil
                )
            }
        } catch {
            served[partition]?.collection.failed(options.collection, at: loop.ticks)
        }
    }

    // MARK: Records that nobody has settled

    /// Looks at some records. Where a transaction has committed and its time is over, but its coordinator did not get
    /// to tell that everybody knows, everybody is told once more.
    private func finishUnsettled(_ partition: PartitionID, _ contents: AppliedContents, _ now: Timestamp) {
        let from = served[partition]?.settling ?? SweepPosition(key: [])
        let page: UnsettledPage
        do throws(StateMachineError) {
            page = try contents.machine.reader.unsettled(
                from: from,
                before: now,
                limit: options.collection.pieceRows
            )
        } catch {
            loop.readFailed(error, of: partition)
            served[partition]?.settling = nil
            return
        }
        served[partition]?.settling = page.next
        for commit in page.found { finish(commit, of: partition) }
    }

    private func finish(_ commit: UnsettledCommit, of home: PartitionID) {
        guard !commit.participants.isEmpty else { return settle(commit, at: home) }
        let lastTick = loop.ticks + options.owedTicks
        var missing = commit.participants.count
        for anchor in commit.participants {
            guard let partition = loop.routing.descriptor(of: anchor)?.id else { return }
            let request = PartitionRequest.resolve(commit.id, anchor: anchor, .committed(commit.timestamp))
            send(request, to: partition, until: lastTick) { [weak self] response, _ in
                guard case .outcome(.done) = response else { return }
                missing -= 1
                if missing == 0 { self?.settle(commit, at: home) }
            }
        }
    }

    private func settle(_ commit: UnsettledCommit, at home: PartitionID) {
        counts.resolutions += 1
        let lastTick = loop.ticks + options.owedTicks
        send(.settle(commit.id, primary: commit.primary), to: home, until: lastTick) { _, _ in }
    }
}
