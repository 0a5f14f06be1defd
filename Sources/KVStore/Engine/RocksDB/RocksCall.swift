import CRocksDB

/// Calls RocksDB and turns its way to report an error, an allocated text, into ours. The text is always freed.
func rocks<R>(
    _ call: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R
) throws(EngineError) -> R {
    var message: UnsafeMutablePointer<CChar>?
    let result = call(&message)
    guard let message else { return result }
    defer { rocksdb_free(message) }
    throw EngineError(rocksDB: String(cString: message))
}

extension EngineError {
    /// Reads RocksDB's `Status::ToString()`: a fixed text for the kind of error, then details.
    init(rocksDB text: String) {
        if text.hasPrefix("Corruption") {
            self = .corruption(text)
        } else if text.contains("No space left on device") || text.contains("Max allowed space") {
            self = .noSpace(text)
        } else if text.hasPrefix("IO error: lock hold by current process")
            || text.hasPrefix("IO error: While lock file")
        {
            self = .locked(text)
        } else if text.hasPrefix("IO error") {
            self = .inputOutput(text)
        } else {
            self = .refused(text)
        }
    }
}

extension [UInt8] {
    /// The bytes as RocksDB takes them, for the duration of `body`.
    func withCharacters<R>(_ body: (UnsafePointer<CChar>?, Int) -> R) -> R {
        withUnsafeBytes { body($0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count) }
    }
}

/// Calls `body` with bytes that RocksDB owns, and keeps valid until `body` returns.
func withRocksBytes<R>(_ start: UnsafePointer<CChar>?, _ count: Int, _ body: (Span<UInt8>) -> R) -> R {
    let raw = UnsafeRawBufferPointer(start: start, count: count)
    return raw.withMemoryRebound(to: UInt8.self) { body($0.span) }
}
