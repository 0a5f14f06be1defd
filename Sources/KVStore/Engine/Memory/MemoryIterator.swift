/// Moves over one version of a ``MemoryEngine``. A version never changes, so a rank is all there is to remember.
final class MemoryIterator: EngineIterator {
    private let state: SortedTree
    private let lease: MemoryLease
    private let ranks: Range<Int>
    private var rank = -1
    private var entry: SortedTree.Node?

    init(_ state: SortedTree, range: KeyRange?, _ lease: MemoryLease) {
        self.state = state
        self.lease = lease
        if let range {
            ranks = state.rank(of: range.lower)..<state.rank(of: range.upper)
        } else {
            ranks = 0..<state.count
        }
    }

    func seekToFirst() throws(EngineError) -> Bool { move(to: ranks.lowerBound) }

    func seekToLast() throws(EngineError) -> Bool { move(to: ranks.upperBound - 1) }

    func seek(atOrAfter key: [UInt8]) throws(EngineError) -> Bool {
        move(to: max(state.rank(of: key), ranks.lowerBound))
    }

    func seek(atOrBefore key: [UInt8]) throws(EngineError) -> Bool {
        let before = state.rank(of: key)
        let isThere = before < state.count && state[rank: before].key == key
        return move(to: min(isThere ? before : before - 1, ranks.upperBound - 1))
    }

    func next() throws(EngineError) -> Bool {
        precondition(entry != nil, "the iterator stands nowhere")
        return move(to: rank + 1)
    }

    func previous() throws(EngineError) -> Bool {
        precondition(entry != nil, "the iterator stands nowhere")
        return move(to: rank - 1)
    }

    func withKey<R>(_ body: (Span<UInt8>) -> R) -> R {
        let key = requireEntry().key
        return body(key.span)
    }

    func withValue<R>(_ body: (Span<UInt8>) -> R) -> R {
        let value = requireEntry().value
        return body(value.span)
    }

    private func move(to rank: Int) -> Bool {
        self.rank = rank
        entry = ranks.contains(rank) ? state[rank: rank] : nil
        return entry != nil
    }

    private func requireEntry() -> SortedTree.Node {
        guard let entry else { preconditionFailure("the iterator stands nowhere") }
        return entry
    }
}
