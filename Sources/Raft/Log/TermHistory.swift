/// Which term each index of the log belongs to, without the entries: one run a leadership that wrote something.
///
///     index   … 4 │ 5  6  7 │ 8 │ 9 10 11
///     term      2 │ 3  3  3 │ 5 │ 6  6  6
///          base ─┘ └ run     └ run       └ lastIndex
///
/// Terms never descend along a log, so a handful of runs describes millions of entries and every question about terms
/// is answered from memory: consistency checks, hints for diverging logs, comparisons of logs. Entries themselves may
/// lie on disk.
public struct TermHistory: Hashable, Sendable {
    /// Entries from `first` up to the next run's first, all of `term`.
    public struct Run: Hashable, Sendable {
        /// The first index of the run.
        public let first: LogIndex
        /// The term of all its entries.
        public let term: Term

        /// Makes a run, as found on a disk.
        public init(first: LogIndex, term: Term) {
            self.first = first
            self.term = term
        }
    }

    /// The last entry that the log no longer holds: compacted away, or covered by a snapshot.
    public private(set) var base: LogPosition
    /// The last index of the log; `base.index` when the log is empty.
    public private(set) var lastIndex: LogIndex
    /// Ascending in index and in term; `first` of the first one is `base.index + 1`.
    public private(set) var runs: [Run]

    /// A history found on a disk. The caller knows that the runs ascend in index and term, begin right behind `base`
    /// and end at or before `lastIndex`.
    public init(base: LogPosition = .origin, runs: [Run] = [], lastIndex: LogIndex? = nil) {
        self.base = base
        self.runs = runs
        self.lastIndex = lastIndex ?? base.index
        precondition(runs.isEmpty == (self.lastIndex == base.index), "runs must cover the log")
        precondition(runs.first.map { $0.first == base.index.next } ?? true, "runs must begin behind the base")
        precondition((runs.last?.first ?? base.index) <= self.lastIndex, "runs must end with the log")
        precondition((runs.first?.term ?? base.term) >= base.term, "terms must not descend")
        precondition(
            zip(runs, runs.dropFirst()).allSatisfy { $0.first < $1.first && $0.term < $1.term },
            "runs must ascend in index and term"
        )
    }

    /// Where the log ends.
    public var last: LogPosition { LogPosition(term: runs.last?.term ?? base.term, index: lastIndex) }

    /// The term of the entry at `index`, or nil where the log does not reach.
    public func term(at index: LogIndex) -> Term? {
        guard index >= base.index, index <= lastIndex else { return nil }
        guard let run = runIndex(containing: index) else { return base.term }
        return runs[run].term
    }

    /// The last position at or below `index` whose term is at most `term`; the base when all of the log is of later
    /// terms. `index` may lie behind the log's end.
    public func lastPosition(ofTermAtMost term: Term, upTo index: LogIndex) -> LogPosition {
        let limit = min(index, lastIndex)
        guard limit > base.index, var run = runIndex(containing: limit) else { return base }
        if runs[run].term <= term { return LogPosition(term: runs[run].term, index: limit) }
        while run > 0 {
            run -= 1
            if runs[run].term <= term { return LogPosition(term: runs[run].term, index: runs[run + 1].first.previous) }
        }
        return base
    }

    /// Adds `count` entries of `term` at the end.
    mutating func append(term: Term, count: Int) {
        precondition(term >= last.term, "terms must not descend along a log")
        if count == 0 { return }
        if runs.last?.term != term { runs.append(Run(first: lastIndex.next, term: term)) }
        lastIndex = lastIndex + count
    }

    /// Drops the entry at `index` and everything behind it.
    mutating func truncate(from index: LogIndex) {
        precondition(index > base.index, "what was compacted cannot be truncated")
        guard index <= lastIndex else { return }
        while let run = runs.last, run.first >= index { runs.removeLast() }
        lastIndex = index.previous
    }

    /// Forgets everything up to and including `index`, which becomes the base.
    mutating func compact(through index: LogIndex) {
        guard index > base.index, let term = term(at: index) else { return }
        base = LogPosition(term: term, index: index)
        guard index < lastIndex, let run = runIndex(containing: index.next) else {
            runs.removeAll(keepingCapacity: true)
            return
        }
        runs.removeFirst(run)
        runs[0] = Run(first: index.next, term: runs[0].term)
    }

    /// The position of the run that `index` belongs to; nil at the base. The caller knows that the log reaches there.
    private func runIndex(containing index: LogIndex) -> Int? {
        guard index > base.index else { return nil }
        if let last = runs.last, index >= last.first { return runs.count - 1 }
        var low = 0
        var high = runs.count - 1
        while low < high {
            let middle = (low + high + 1) / 2
            if runs[middle].first <= index { low = middle } else { high = middle - 1 }
        }
        return low
    }
}
