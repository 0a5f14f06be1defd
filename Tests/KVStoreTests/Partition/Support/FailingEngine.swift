import KVStore

/// An engine whose writes and ingestions fail for as long as a test wants, and so do reads of what lies in a place that it
/// names. Used by one thread.
final class FailingEngine: Engine, @unchecked Sendable {
    private let engine: any Engine
    var failure: EngineError?
    /// What cannot be read, and what one is told instead.
    var unreadable: (range: KeyRange, error: EngineError)?
    /// Whether what cannot be read can be, once somebody has tried.
    var heals = false
    /// How many ingestions there were.
    private(set) var ingestions = 0

    init(_ engine: any Engine) { self.engine = engine }

    private func check() throws(EngineError) { if let failure { throw failure } }

    private func checkReading(_ isMet: (KeyRange) -> Bool) throws(EngineError) {
        guard let unreadable, isMet(unreadable.range) else { return }
        if heals { self.unreadable = nil }
        throw unreadable.error
    }

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
        try checkReading { $0.contains(key) }
        return try engine.withValue(of: key, body)
    }

    func iterator(over range: KeyRange?, caching: CacheUse) throws(EngineError) -> any EngineIterator {
        try checkReading { place in
            range.map { $0.contains(place.lower) || place.contains($0.lower) } ?? true
        }
        return try engine.iterator(over: range, caching: caching)
    }
}
