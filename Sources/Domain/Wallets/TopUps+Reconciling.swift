internal import KVStore

/// Settles top-ups of which the gateway speaks late, although nobody looks at them.
///
///     clearing account of home 0 … 63 ──▶ holds, the oldest first ──▶ top-ups that are processing
///
/// There is no list to be kept: what is processing is what is held at the gateway's clearing accounts. A node that dies
/// in between leaves nothing behind, and two that look at once both settle what one of them settles. Only the gateway's
/// word ends a top-up, however old it is.
///
/// Holds that are gone leave traces in the store for a while, and a look would pass over more and more of them. So who
/// looks again and again says since which top-up there can be any: see ``ReconciledSince``.
extension TopUps {
    /// How long a top-up is left to the request that has begun it.
    static let ownTime = Duration.seconds(1)
    /// How many reads a part of a look takes, at most: parts in which nothing is held count, too.
    private static let readsOfPart = 200

    /// Where a look through all top-ups that are processing goes on.
    public struct Place: Hashable, Sendable {
        fileprivate let home: Home
        /// The first key that was not looked at; nil for the home's first.
        fileprivate let key: [UInt8]?

        /// The beginning of the next home; nil behind the last.
        fileprivate var nextHome: Place? {
            guard Int(home.number) + 1 < Home.count else { return nil }
            return Place(home: Home(home.number + 1), key: nil)
        }
    }

    /// What came of a part of the look.
    public struct Reconciled: Hashable, Sendable {
        /// How many have ended, whichever way.
        public internal(set) var settled = 0
        /// Of how many nobody can tell yet.
        public internal(set) var waiting = 0
        /// How many could not be looked at, or not be settled: they are met again the next time. What could not be read
        /// of a home counts as one.
        public internal(set) var failed = 0
        /// The first of those that have not ended, as far as could be read; nil where all have.
        public internal(set) var oldest: TransferID?
        /// Whether the rest of a home could not be read, which ends the part. Others need not wait for it: `next` is the
        /// next home. It may have cost all the patience that a read has.
        public internal(set) var hasPassedOver = false
        /// Where to go on; nil where that was all.
        public internal(set) var next: Place?

        /// Notes one that has not ended.
        fileprivate mutating func meet(_ id: TransferID) { oldest = min(oldest ?? id, id) }
    }

    /// Asks the gateway about some of the top-ups that are processing, and settles those of which it tells.
    ///
    /// - Parameters:
    ///   - place: Where to go on; nil to begin.
    ///   - since: No older ones are looked at; nil for all.
    ///   - until: Neither this one nor newer ones are looked at; nil for all. Who gives one that was minted when the look
    ///     began has a look that ends, however fast others are begun meanwhile.
    ///   - limit: How many are looked at, at most.
    /// - Throws: ``TransactionError`` where no snapshot can be taken; what cannot be read in it is passed over.
    public func reconcile(
        from place: Place? = nil,
        since: TransferID? = nil,
        until: TransferID? = nil,
        limit: Int = 100
    ) async throws -> Reconciled {
        precondition(limit > 0, "a look is at something")
        let snapshot = try await services.database.snapshot()
        var place = place ?? Place(home: Home(0), key: nil)
        var reconciled = Reconciled()
        var left = limit
        var reads = 0
        while left > 0, reads < Self.readsOfPart {
            let clearing = LedgerAccount.platform(.gatewayClearing, place.home)
            let holds = LedgerKeys.holds(at: clearing).range
            let lower = place.key ?? since.map { LedgerKeys.hold(at: clearing, $0).bytes } ?? holds.lower
            let upper = until.map { LedgerKeys.hold(at: clearing, $0).bytes } ?? holds.upper
            var page = EntryPage(entries: [], next: nil)
            reads += 1
            do {
                if lower.lexicographicallyPrecedes(upper) {
                    page = try await snapshot.scan(KeyRange(lower, upper), limit: left)
                }
                try await reconcile(page.entries, snapshot, since, &reconciled)
            } catch is TransactionError {
                reconciled.failed += 1
                reconciled.meet(since ?? Self.first)
                reconciled.hasPassedOver = true
                reconciled.next = place.nextHome
                return reconciled
            }
            left -= page.entries.count
            if let key = page.next {
                place = Place(home: place.home, key: key)
            } else {
                guard let next = place.nextHome else { return reconciled }
                place = next
            }
        }
        reconciled.next = place
        return reconciled
    }

    /// What stands for a top-up of which nobody can tell which one it is: none has a smaller id.
    private static let first = TransferID(1)

    private func reconcile(
        _ holds: [EntryPage.Entry],
        _ snapshot: Snapshot,
        _ since: TransferID?,
        _ reconciled: inout Reconciled
    ) async throws {
        var ids: [TransferID] = []
        var keys: [[UInt8]] = []
        for item in holds {
            guard let hold = try? Stored<LedgerEntry>(item.entry, at: item.key).record else {
                // Verification tells what is wrong with it.
                reconciled.failed += 1
                reconciled.meet((try? LedgerKeys.transfer(ofHold: item.key)) ?? since ?? Self.first)
                continue
            }
            guard hold.kind == .topUp, case .wallet(let user) = hold.counterpart else { continue }
            ids.append(TransferID(hold.reference))
            keys.append(WalletKeys.topUp(TransferID(hold.reference), of: user).bytes)
        }
        if keys.isEmpty { return }
        for (place, entry) in try await snapshot.get(keys).enumerated() {
            try Task.checkCancellation()
            let before = reconciled.settled
            if let entry, let topUp = try? Stored<TopUp>(entry, at: keys[place]).record {
                await reconcile(topUp, age: snapshot.timestamp.instant.duration(since: topUp.begun), &reconciled)
            } else {
                // Verification tells what is wrong with it.
                reconciled.failed += 1
            }
            if reconciled.settled == before { reconciled.meet(ids[place]) }
        }
    }

    private func reconcile(_ topUp: TopUp, age: Duration, _ reconciled: inout Reconciled) async {
        guard topUp.status == .processing else { return }
        let answer = age < Self.ownTime ? .processing : await gateway.status(of: topUp.charge, age: age)
        if answer == .processing {
            reconciled.waiting += 1
            return
        }
        do {
            _ = try await patiently { txn in try await settle(topUp, answer, in: txn) }
            reconciled.settled += 1
        } catch {
            reconciled.failed += 1
        }
    }
}
