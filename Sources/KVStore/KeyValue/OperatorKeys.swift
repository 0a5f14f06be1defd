/// Where operators' keys lie among all keys: behind a byte of their own, in their own order.
public enum OperatorKeys {
    private static let space: UInt8 = 0x01
    private static let behind: UInt8 = 0x02

    /// The key in the store.
    public static func stored(_ key: [UInt8]) -> [UInt8] { [space] + key }

    /// The key as operators know it.
    public static func known(_ stored: [UInt8]) -> [UInt8] { Array(stored.dropFirst()) }

    /// Where the keys with a prefix lie, from `from` on.
    public static func range(prefix: [UInt8], from: [UInt8]?) -> KeyRange {
        let start = from.map { KeyOrder.compare($0, prefix) < 0 ? prefix : $0 } ?? prefix
        let upper = KeyRange.end(ofPrefix: stored(prefix)) ?? [behind]
        let lower = stored(start)
        return KeyOrder.compare(lower, upper) < 0 ? KeyRange(lower, upper) : KeyRange(upper, upper)
    }
}

extension VersionedValue {
    /// What a key has, as operators see it: a counter is its decimal text.
    public init(_ entry: StoredEntry) {
        switch entry.content {
        case .bytes(let bytes): self.init(bytes: bytes, version: KeyVersion(entry.version))
        case .counter(let value): self.init(bytes: Array(String(value).utf8), version: KeyVersion(entry.version))
        }
    }
}

extension KeyVersion {
    /// The version of a commit.
    public init(_ timestamp: Timestamp) { self.init(UInt128(timestamp.rawValue)) }

    /// The commit with this version; nil where there can be none.
    public var timestamp: Timestamp? { UInt64(exactly: rawValue).map { Timestamp($0) } }
}

extension KeyValuePage {
    init(_ page: EntryPage, at timestamp: Timestamp?) {
        self.init(
            entries: page.entries.map { (OperatorKeys.known($0.key), VersionedValue($0.entry)) },
            next: page.next.map { OperatorKeys.known($0) },
            timestamp: timestamp
        )
    }
}

extension KeyValueError {
    /// What a transaction's failure means for a single key.
    public init(_ error: TransactionError) {
        switch error {
        case .invalid(let error): self = .invalid(field: error.field, rule: error.rule)
        case .refused(.wrongType, _): self = .wrongType
        case .refused: self = .conditionFailed(nil)
        case .conflict: self = .overloaded
        case .snapshotTooOld: self = .snapshotTooOld
        case .noLeader: self = .noLeader
        case .overloaded: self = .overloaded
        case .diskFull: self = .diskFull
        case .stopping: self = .stopping
        case .unknown: self = .outcomeUnknown
        case .unreadable(let text): self = .unreadable(text)
        }
    }
}
