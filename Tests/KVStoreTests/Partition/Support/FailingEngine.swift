import KVStore

/// An engine whose writes and ingestions fail for as long as a test wants. Used by one thread.
final class FailingEngine: Engine, @unchecked Sendable {
    private let engine: any Engine
    var failure: EngineError?
    /// How many ingestions there were.
    private(set) var ingestions = 0

    init(_ engine: any Engine) { self.engine = engine }

    private func check() throws(EngineError) { if let failure { throw failure } }

    func write(_ batch: WriteBatch) throws(EngineError) {
        try check()
        try engine.write(batch)
    }

    func ingest(_ file: any SortedFile) throws(EngineError) {
        try check()
        ingestions += 1
        try engine.ingest(file)
    }

    func makeSortedFile() throws(EngineError) -> any SortedFile {
        try check()
        return try engine.makeSortedFile()
    }

    func persistedValue(of key: [UInt8]) throws(EngineError) -> [UInt8]? { try engine.persistedValue(of: key) }
    func flush() throws(EngineError) { try engine.flush() }
    func snapshot() throws(EngineError) -> any EngineSnapshot { try engine.snapshot() }
    func checkpoint(into directory: String) throws(EngineError) { try engine.checkpoint(into: directory) }
    func close() throws(EngineError) { try engine.close() }

    func withValue<R>(of key: [UInt8], _ body: (Span<UInt8>) -> R) throws(EngineError) -> R? {
        try engine.withValue(of: key, body)
    }

    func iterator(over range: KeyRange?, caching: CacheUse) throws(EngineError) -> any EngineIterator {
        try engine.iterator(over: range, caching: caching)
    }
}
