/// One replica's log: what it holds, how much of it is durable, committed and applied.
///
///     base        applied    applying      committed        durable ≶ committed      last
///      │             │           │             │                                      │
///   ───┼─────────────┼───────────┼─────────────┼──────────────────────────────────────┼──▶ index
///      compacted     state       handed to     never truncated                        end
///                    machine     it
///
/// Always: applied ≤ applying ≤ committed ≤ last and base ≤ applying ≤ durable ≤ last. Base ≤ applied too, but while a
/// snapshot is being installed. Entries behind `durable` are in the cache; those at or before it may have to be read
/// from disk.
struct RaftLog {
    private(set) var terms: TermHistory
    private(set) var cache = EntryCache()
    private(set) var committed: LogIndex
    /// The last index that was handed to the state machine.
    private(set) var applying: LogIndex
    private(set) var applied: LogIndex
    private(set) var durable: LogIndex
    /// The first index that has not been handed out to be written.
    private(set) var unwritten: LogIndex
    private(set) var uncommitted: UncommittedBytes
    /// Configuration entries that are not applied yet, ascending.
    private(set) var configurations: [PendingConfiguration]

    /// A configuration that an entry of the log holds.
    struct PendingConfiguration: Hashable {
        let index: LogIndex
        let configuration: Configuration
    }

    init(restoring state: RestoredState) {
        terms = state.log
        let commit = max(state.hardState.commit, state.applied, state.log.base.index)
        committed = commit
        applying = state.applied
        applied = state.applied
        durable = state.log.lastIndex
        unwritten = state.log.lastIndex.next
        uncommitted =
            commit < state.log.lastIndex
            ? UncommittedBytes(restoredBytes: state.uncommittedBytes, through: state.log.lastIndex)
            : UncommittedBytes()
        configurations = state.configurations.map {
            PendingConfiguration(index: $0.index, configuration: $0.configuration)
        }
    }

    var lastIndex: LogIndex { terms.lastIndex }
    var last: LogPosition { terms.last }
    var base: LogPosition { terms.base }

    var lastCommitted: LogPosition {
        guard let term = terms.term(at: committed) else { preconditionFailure("the log must reach its commit index") }
        return LogPosition(term: term, index: committed)
    }

    /// The last committed position that a log which ends at `end` may hold too; the origin where that is not known any
    /// more.
    func lastCommitted(upTo end: LogIndex) -> LogPosition {
        let index = min(committed, end)
        guard let term = terms.term(at: index) else { return .origin }
        return LogPosition(term: term, index: index)
    }

    func term(at index: LogIndex) -> Term? { terms.term(at: index) }

    /// Whether the log has this very entry, or has compacted it away as its base.
    func contains(_ position: LogPosition) -> Bool { terms.term(at: position.index) == position.term }

    /// True while a configuration that is committed waits to be applied. Nobody may campaign then: it would count
    /// votes by a configuration that the group may have left.
    var hasUnappliedConfiguration: Bool { configurations.first.map { $0.index <= committed } ?? false }

    // MARK: Writing

    /// Adds an entry at the end: what a leader does with its own log, and nothing else (leader append-only, 3.5).
    mutating func append(_ payload: EntryPayload, term: Term) {
        append(Entry(index: lastIndex.next, term: term, payload: payload))
    }

    private mutating func append(_ entry: Entry) {
        terms.append(term: entry.term, count: 1)
        cache.append(entry)
        uncommitted.append(entry.payload.sizeBytes)
        if case .configuration(let configuration) = entry.payload {
            configurations.append(PendingConfiguration(index: entry.index, configuration: configuration))
        }
    }

    /// What became of a leader's entries.
    enum Acceptance: Hashable {
        /// The log equals the leader's up to this index. The index from which it was truncated, if it was.
        case matches(LogIndex, truncatedFrom: LogIndex?)
        /// The log has no such previous entry; the hint says where the leader's log may join it.
        case mismatch(hint: LogPosition)
        /// The entries contradict what is committed here: no correct leader sends them.
        case contradictsCommitted
    }

    /// Takes a leader's entries (AppendEntries, steps 2–4). The caller knows that they are contiguous.
    mutating func accept(_ entries: [Entry], after previous: LogPosition) -> Acceptance {
        // What is committed is equal in all logs: a previous entry below the base is there, though unseen. Entries from
        // the base on are compared.
        if previous.index >= base.index {
            guard contains(previous) else {
                guard previous.index > committed else { return .contradictsCommitted }
                return .mismatch(hint: terms.lastPosition(ofTermAtMost: previous.term, upTo: previous.index))
            }
        }
        let end = previous.index + entries.count
        guard let fresh = entries.firstIndex(where: { $0.index >= base.index && !contains($0.position) }) else {
            return .matches(end, truncatedFrom: nil)
        }
        let conflict = entries[fresh].index
        guard conflict > committed else { return .contradictsCommitted }
        let truncated = conflict <= lastIndex
        if truncated { truncate(from: conflict) }
        for entry in entries[fresh...] { append(entry) }
        return .matches(end, truncatedFrom: truncated ? conflict : nil)
    }

    private mutating func truncate(from index: LogIndex) {
        precondition(index > committed, "what is committed must never be truncated")
        uncommitted.truncate(after: index.previous, last: lastIndex)
        terms.truncate(from: index)
        cache.truncate(from: index)
        configurations.removeAll { $0.index >= index }
        durable = min(durable, index.previous)
        unwritten = min(unwritten, index)
    }

    /// Replaces log and state by a snapshot's. Until ``markRestored()`` the snapshot counts as on its way to the state
    /// machine: nothing else is handed to it, and reads wait.
    mutating func restore(_ snapshot: LogPosition) {
        precondition(snapshot.index > committed, "a snapshot must not take back what is committed")
        terms = TermHistory(base: snapshot)
        cache.removeAll()
        uncommitted.removeAll()
        configurations.removeAll()
        committed = snapshot.index
        applying = snapshot.index
        durable = snapshot.index
        unwritten = snapshot.index.next
    }

    /// The state machine has become the snapshot that the log was replaced by.
    mutating func markRestored() { applied = max(applied, base.index) }

    /// Everything that has not been handed out to be written; afterwards it counts as handed out.
    mutating func takeUnwritten() -> [Entry] {
        guard unwritten <= lastIndex else { return [] }
        let entries = cache.slice(from: unwritten, through: lastIndex)
        precondition(entries.last?.index == lastIndex, "entries that were not written must be cached")
        unwritten = lastIndex.next
        return entries
    }

    mutating func markDurable(through index: LogIndex) {
        precondition(index < unwritten, "only what was handed out can have become durable")
        durable = max(durable, index)
    }

    // MARK: Commit and apply

    mutating func commit(through index: LogIndex) {
        precondition(index <= lastIndex, "an index behind the log's end cannot be committed here")
        guard index > committed else { return }
        committed = index
        uncommitted.commit(through: index, last: lastIndex)
    }

    /// The next entries for the state machine, when none are on their way to it.
    mutating func takeCommitted(maxBytes: Int) -> CommittedEntries? {
        guard applying == applied else { return nil }
        let first = applying.next
        let last = min(committed, durable)
        guard first <= last else { return nil }
        guard cache.contains(first) else {
            // Read from disk, up to where the cache begins: the reader keeps to its own limits on memory.
            let end = min(last, cache.firstIndex?.previous ?? last)
            applying = end
            return CommittedEntries(first: first, last: end, entries: nil)
        }
        let entries = cache.slice(from: first, through: last, maxBytes: maxBytes)
        applying = first + (entries.count - 1)
        return CommittedEntries(first: first, last: applying, entries: entries)
    }

    /// The state machine has applied everything up to `index`. Returns the newest configuration among it.
    mutating func apply(through index: LogIndex) -> Configuration? {
        precondition(index <= applying, "only what was handed to the state machine can be applied")
        guard index > applied else { return nil }
        applied = index
        var newest: Configuration?
        while let pending = configurations.first, pending.index <= index {
            newest = pending.configuration
            configurations.removeFirst()
        }
        return newest
    }

    /// Gives memory back: no more than `limitBytes` stay, but for what is not durable.
    mutating func evict(downTo limitBytes: Int) { cache.evict(through: durable, downTo: limitBytes) }

    mutating func compact(through index: LogIndex) {
        precondition(index <= applied, "the log is cut only below what is applied")
        precondition(index <= durable, "the log is cut only below what is durable")
        guard index > base.index else { return }
        cache.removeAll(through: index)
        terms.compact(through: index)
    }
}
