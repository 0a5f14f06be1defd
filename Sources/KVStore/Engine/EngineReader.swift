/// What can be read: an engine, where each call sees all writes before it, or a snapshot of one.
public protocol EngineReader: AnyObject, Sendable {
    /// Calls `body` with the value of a key, without copying it, and returns what `body` returns; nil, without calling
    /// it, where there is no such key.
    func withValue<R>(of key: [UInt8], _ body: (Span<UInt8>) -> R) throws(EngineError) -> R?

    /// An iterator over the keys of a range, or over all keys. It sees the state at this moment, whatever is written
    /// while it lives, and stands nowhere until it is moved.
    func iterator(over range: KeyRange?, caching: CacheUse) throws(EngineError) -> any EngineIterator
}

extension EngineReader {
    /// A copy of the value of a key; nil where there is no such key.
    public func value(of key: [UInt8]) throws(EngineError) -> [UInt8]? {
        try withValue(of: key) { [UInt8](copying: $0) }
    }

    /// An iterator for requests, which are likely to read the same again.
    public func iterator(over range: KeyRange? = nil) throws(EngineError) -> any EngineIterator {
        try iterator(over: range, caching: .fill)
    }
}

/// What an iterator does to the cache.
public enum CacheUse: Sendable {
    /// Blocks that it reads stay in the cache: for requests.
    case fill
    /// Blocks that it reads do not drive others out: for snapshots, checksums and garbage collection.
    case bypass
}

/// Moves over the keys of a range in both directions.
///
/// An iterator stands on an entry or nowhere. Each move returns true if it now stands on an entry, false if there was
/// none. It is used by one thread at a time, and released soon: while it lives, old versions cannot be reclaimed.
///
///     var found = try iterator.seekToFirst()
///     while found {
///         iterator.withKey { … }
///         found = try iterator.next()
///     }
public protocol EngineIterator: AnyObject {
    /// Moves to the first entry of the range.
    func seekToFirst() throws(EngineError) -> Bool
    /// Moves to the last entry of the range.
    func seekToLast() throws(EngineError) -> Bool
    /// Moves to the first entry of the range whose key is `key` or behind it.
    func seek(atOrAfter key: [UInt8]) throws(EngineError) -> Bool
    /// Moves to the last entry of the range whose key is `key` or before it.
    func seek(atOrBefore key: [UInt8]) throws(EngineError) -> Bool
    /// Moves to the next entry. The iterator stands on an entry.
    func next() throws(EngineError) -> Bool
    /// Moves to the entry before. The iterator stands on an entry.
    func previous() throws(EngineError) -> Bool
    /// Calls `body` with the key, without copying it. The iterator stands on an entry.
    func withKey<R>(_ body: (Span<UInt8>) -> R) -> R
    /// Calls `body` with the value, without copying it. The iterator stands on an entry.
    func withValue<R>(_ body: (Span<UInt8>) -> R) -> R
}

extension EngineIterator {
    /// A copy of the key. The iterator stands on an entry.
    public var key: [UInt8] { withKey { [UInt8](copying: $0) } }
    /// A copy of the value. The iterator stands on an entry.
    public var value: [UInt8] { withValue { [UInt8](copying: $0) } }
}

extension [UInt8] {
    /// Takes the bytes out of a span, for whoever needs them longer than the span lives.
    @inlinable
    public init(copying span: Span<UInt8>) {
        self = span.withUnsafeBufferPointer { Array($0) }
    }
}
