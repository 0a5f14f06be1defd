internal import Raft

/// One group as the durable part of the log has it: its summary, and where its entries lie.
///
/// While a log runs, the locators cover exactly `(base, last]`. During recovery there may be holes: records that were
/// moved to a later segment, or lost. `settleAfterRecovery` decides which it was.
struct GroupState {
    private(set) var summary: GroupSummary
    /// Ascending and disjoint.
    private(set) var locators: [Locator] = []
    /// The configuration entries behind the base. Ascending.
    private(set) var configurations: [PlacedConfiguration] = []
    /// During recovery: which entries a lost batch may have replaced.
    private var doubt: Doubt?

    /// A batch is lost, and nobody can say which entries it replaced.
    private struct Doubt {
        /// Entries up to here were committed before, as far as was known, so they are the log's.
        var trusted: LogIndex
        /// The lost batch's place. A record behind it that continues the row from the base proves all that it continues.
        var place: RecordPlace
    }

    init(group: PartitionID) { summary = GroupSummary(group: group) }

    /// The term of the entry at `index`, or at the base; nil where there is none.
    func term(at index: LogIndex) -> Term? {
        if index == summary.base.index { return summary.base.term }
        return locator(at: index)?.term(at: index)
    }

    /// The locator that covers `index`.
    func locator(at index: LogIndex) -> Locator? {
        let place = firstLocator(reaching: index)
        guard place < locators.count, locators[place].first <= index else { return nil }
        return locators[place]
    }

    /// The terms of all entries behind the base.
    var termRuns: [TermRun] {
        var runs: [TermRun] = []
        for run in locators.lazy.flatMap(\.runs) where runs.last?.term != run.term { runs.append(run) }
        return runs
    }

    // MARK: Changes, each as a record makes it

    mutating func apply(_ record: StoredRecord, at address: RecordAddress, _ live: inout Liveness) {
        switch record {
        case .created:
            dropEntries(&live)
            doubt = nil
            summary = GroupSummary(group: summary.group)
        case .entries(let header, let placed):
            truncate(from: header.first, &live)
            insert(Locator(header, at: address), placed, &live)
            summary.last = header.last
        case .relocated(let header, let placed):
            relocate(Locator(header, at: address), placed, &live)
        case .hardState(_, let hardState):
            summary.hardState = hardState
        case .installed(_, let metadata):
            dropEntries(&live)
            doubt = nil
            summary.base = metadata.position
            summary.last = metadata.position
            summary.installed = metadata.configuration
        case .compacted(_, let position):
            compact(through: position, &live)
        case .destroyed:
            destroy(&live)
        case .repaired:
            summary.floor = nil
        }
    }

    /// Does what a lost batch did to everything but the entries, and drops those that it replaced.
    mutating func apply(_ attestation: Attestation, _ live: inout Liveness) {
        if attestation.from > .zero { truncate(from: attestation.from, &live) }
        take(attestation.summary, &live)
    }

    /// Makes the summary that of the roster, which is the truth, and drops what contradicts it.
    mutating func take(_ truth: GroupSummary, _ live: inout Liveness) {
        if truth.lifecycle == .destroyed { dropEntries(&live) }
        if truth.installed != nil, truth.base != summary.base { truncate(from: .zero, &live) }
        carve(.zero, truth.base.index, &live)
        truncate(from: truth.last.index.next, &live)
        configurations.removeAll { $0.index <= truth.base.index }
        summary = truth
    }

    private mutating func insert(
        _ locator: Locator,
        _ placed: [PlacedConfiguration],
        _ live: inout Liveness
    ) {
        locators.insert(locator, at: firstLocator(reaching: locator.first))
        live.add(locator)
        guard !placed.isEmpty else { return }
        configurations.removeAll { $0.index >= locator.first && $0.index <= locator.last }
        configurations.append(contentsOf: placed)
        configurations.sort { $0.index < $1.index }
    }

    private mutating func relocate(_ moved: Locator, _ placed: [PlacedConfiguration], _ live: inout Liveness) {
        // What was compacted or replaced since, as far as recovery has come to know it from later records, stays so.
        guard moved.last > summary.base.index, moved.first <= summary.last.index else { return }
        var part = moved
        if part.first <= summary.base.index { part = part.suffix(from: summary.base.index.next) }
        if part.last > summary.last.index { part = part.prefix(through: summary.last.index) }
        carve(part.first, part.last, &live)
        insert(part, placed.filter { $0.index >= part.first && $0.index <= part.last }, &live)
    }

    private mutating func compact(through position: LogPosition, _ live: inout Liveness) {
        guard position.index > summary.base.index else { return }
        carve(.zero, position.index, &live)
        configurations.removeAll { $0.index <= position.index }
        summary.base = position
        summary.installed = nil
        if summary.last.index < position.index { summary.last = position }
    }

    private mutating func destroy(_ live: inout Liveness) {
        dropEntries(&live)
        summary.lifecycle = .destroyed
        summary.base = .origin
        summary.last = .origin
        summary.installed = nil
        summary.floor = nil
    }

    private mutating func dropEntries(_ live: inout Liveness) { truncate(from: .zero, &live) }

    private mutating func truncate(from index: LogIndex, _ live: inout Liveness) {
        carve(index, .max, &live)
        while let last = configurations.last, last.index >= index { configurations.removeLast() }
    }

    /// Lets no locator cover `[low, high]`.
    private mutating func carve(_ low: LogIndex, _ high: LogIndex, _ live: inout Liveness) {
        let start = firstLocator(reaching: low)
        var end = start
        var kept: [Locator] = []
        while end < locators.count, locators[end].first <= high {
            let locator = locators[end]
            live.remove(locator)
            if locator.first < low { kept.append(locator.prefix(through: low.previous)) }
            if locator.last > high { kept.append(locator.suffix(from: high.next)) }
            end += 1
        }
        guard start < end else { return }
        for locator in kept { live.add(locator) }
        locators.replaceSubrange(start..<end, with: kept)
    }

    /// The place of the first locator that ends at `index` or behind it.
    private func firstLocator(reaching index: LogIndex) -> Int {
        if let last = locators.last, last.last < index { return locators.count }
        var low = 0
        var high = locators.count
        while low < high {
            let middle = (low + high) / 2
            if locators[middle].last < index { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension GroupState {
    /// Notes that a batch is lost of which nothing is known, and that more follows it.
    mutating func doubtEntries(since place: RecordPlace) {
        var trusted = summary.hardState.commit
        if let doubt {
            // A commit index says nothing about entries that were in doubt already.
            trusted = max(doubt.trusted, min(trusted, unbrokenEnds(since: doubt.place).proven))
        }
        doubt = Doubt(trusted: trusted, place: place)
    }

    /// Ends recovery: keeps what hangs together from the base on, and raises the floor to the end that was lost.
    ///
    /// Each record must continue the one before it in index *and* term. What is behind the first that does not is given
    /// up: it would be read as the log's while entries before it are missing. A row that reaches the end that is known
    /// is the log's own, as no two logs of a group agree in an entry and differ before it; of a row that does not, what
    /// a lost batch may have replaced is given up as well.
    mutating func settleAfterRecovery(isBlind: Bool, _ live: inout Liveness) {
        var end = unbrokenEnds(since: nil).last
        if let doubt, end != summary.last || isBlind {
            let proven = unbrokenEnds(since: doubt.place).proven
            let trusted = max(summary.base.index, doubt.trusted, proven)
            if trusted < end.index, let term = term(at: trusted) { end = LogPosition(term: term, index: trusted) }
        }
        doubt = nil
        if end != summary.last {
            let floor = LogFloor.position(max(end, summary.last))
            summary.floor = floor.joined(summary.floor)
            summary.last = end
            truncate(from: end.index.next, &live)
        }
        if isBlind { summary.floor = .unknown }
    }

    /// Where the unbroken row of records from the base on ends, and where the last of it ends that was written behind
    /// `place`.
    private func unbrokenEnds(since place: RecordPlace?) -> (last: LogPosition, proven: LogIndex) {
        var end = summary.base
        var proven = LogIndex.zero
        for locator in locators {
            guard locator.first == end.index.next, locator.previousTerm == end.term else { break }
            end = LogPosition(term: locator.lastTerm, index: locator.last)
            if let place, locator.address.isBehind(place) { proven = end.index }
        }
        return (end, proven)
    }

    /// What limits charge for the payloads of the records that hold entries: never less than for the entries alone.
    var payloadBytes: Int { locators.reduce(0) { $0 + $1.payloadBytes } }
}
