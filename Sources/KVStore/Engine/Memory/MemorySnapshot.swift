/// One version of a ``MemoryEngine``.
final class MemorySnapshot: EngineSnapshot {
    private let state: SortedTree
    private let lease: MemoryLease

    init(_ state: SortedTree, _ lease: MemoryLease) {
        self.state = state
        self.lease = lease
    }

    func withValue<R>(of key: [UInt8], _ body: (Span<UInt8>) -> R) throws(EngineError) -> R? {
        state.value(of: key).map { body($0.span) }
    }

    func iterator(over range: KeyRange?, caching: CacheUse) throws(EngineError) -> any EngineIterator {
        MemoryIterator(state, range: range, lease)
    }
}
