/// Keys and their values, as services and operators use them: from any thread of any node, wherever the data lies.
///
/// Reads and writes are linearizable, each key by itself. What was answered survives any crash of a minority of nodes.
public protocol KeyValueService: Sendable {
    /// The value of a key; nil where there is none.
    func value(of key: [UInt8], _ consistency: ReadConsistency) async throws(KeyValueError) -> VersionedValue?

    /// Gives a key a value, and returns the value's version.
    ///
    /// - Parameter patience: How long to try. Afterwards the outcome may be unknown.
    func put(
        _ value: [UInt8],
        at key: [UInt8],
        if condition: WriteCondition,
        patience: Duration
    ) async throws(KeyValueError) -> KeyVersion

    /// Removes a key, if it is there.
    func delete(_ key: [UInt8], if condition: WriteCondition, patience: Duration) async throws(KeyValueError)

    /// Entries in the order of their keys: those with the prefix, from `from` on, at most `limit` (1 to 1,000) and fewer
    /// where they are large. All pages at one timestamp show one moment; without one, it is now.
    func page(
        prefix: [UInt8],
        from: [UInt8]?,
        at timestamp: Timestamp?,
        limit: Int,
        _ consistency: ReadConsistency
    ) async throws(KeyValueError) -> KeyValuePage
}

/// How up to date a read is.
public enum ReadConsistency: Hashable, Sendable {
    /// It sees everything that was answered before it began.
    case linearizable
    /// It sees what the asked node has applied, which may be old by any time; it needs nobody else.
    case stale
}

/// Names one value that a key has had: no two writes have the same, ever.
public struct KeyVersion: Hashable, Sendable {
    /// The number itself.
    public let rawValue: UInt128

    /// Wraps a number.
    public init(_ rawValue: UInt128) { self.rawValue = rawValue }
}

/// A value and its version.
public struct VersionedValue: Hashable, Sendable {
    /// The value, at most ``KeyValueLimits/valueBytes``.
    public let bytes: [UInt8]
    /// Its version.
    public let version: KeyVersion

    /// Makes one.
    public init(bytes: [UInt8], version: KeyVersion) {
        self.bytes = bytes
        self.version = version
    }
}

/// A part of the entries that were asked for.
public struct KeyValuePage: Hashable, Sendable {
    /// In the order of their keys.
    public let entries: [(key: [UInt8], value: VersionedValue)]
    /// Where the next page begins; nil after the last one.
    public let next: [UInt8]?
    /// The moment that it shows; nil for what one node has applied.
    public let timestamp: Timestamp?

    /// Makes one.
    public init(entries: [(key: [UInt8], value: VersionedValue)], next: [UInt8]?, timestamp: Timestamp?) {
        self.entries = entries
        self.next = next
        self.timestamp = timestamp
    }

    /// Same entries, same continuation.
    public static func == (a: KeyValuePage, b: KeyValuePage) -> Bool {
        a.next == b.next && a.timestamp == b.timestamp && a.entries.elementsEqual(b.entries) { $0 == $1 }
    }

    /// By keys.
    public func hash(into hasher: inout Hasher) { for entry in entries { hasher.combine(entry.key) } }
}

/// What must hold for a write to take effect.
public enum WriteCondition: Hashable, Sendable {
    /// Nothing.
    case none
    /// The key has no value.
    case isAbsent
    /// The key has a value with this version.
    case hasVersion(KeyVersion)
}

/// Sizes of what users store.
public enum KeyValueLimits {
    /// The longest key, in bytes; the shortest is one byte.
    public static let keyBytes = 4 << 10
    /// The longest value, in bytes.
    public static let valueBytes = 1 << 20
    /// The most entries of a page.
    public static let pageEntries = 1_000
}

/// Why a request was not answered as wished.
public enum KeyValueError: Error, Hashable, Sendable {
    /// A field breaks a rule. It had no effect.
    case invalid(field: String, rule: String)
    /// The condition does not hold: the key's version is this one, or it has no value. It had no effect.
    case conditionFailed(KeyVersion?)
    /// Bytes in a counter's place. It had no effect.
    case wrongType
    /// The moment that was asked for is older than what is kept.
    case snapshotTooOld
    /// Nobody leads the key's partition, as far as is known. It had no effect; try again in a moment.
    case noLeader
    /// Too much is waiting. It had no effect; try again in a moment.
    case overloaded
    /// There is no room on the disks. It had no effect.
    case diskFull
    /// The asked node is ending. It had no effect; ask another.
    case stopping
    /// Nobody can tell from here whether the write takes effect; it may do so later.
    case outcomeUnknown
    /// What lies at the key was not written by this service, or by a later version of it.
    case unreadable(String)
}
