/// How much one scan returns at most.
public struct ScanLimit: Hashable, Sendable {
    /// Entries.
    public let entries: Int
    /// Bytes of keys and values. The entry that goes beyond is the last one, so that there is always one.
    public let bytes: Int

    /// The most entries that a limit may allow.
    public static let mostEntries = 10_000
    /// The most bytes that a limit may allow.
    public static let mostBytes = 4 << 20

    /// Makes a limit.
    public init(entries: Int = mostEntries, bytes: Int = mostBytes) {
        self.entries = entries
        self.bytes = bytes
    }

    func check() throws(FieldError) {
        guard 1...Self.mostEntries ~= entries else {
            throw FieldError("entries", "must be from 1 to \(Self.mostEntries)")
        }
        guard 1...Self.mostBytes ~= bytes else {
            throw FieldError("bytes", "must be from 1 to \(Self.mostBytes)")
        }
    }
}

/// A key and its value.
public struct KeyValue: Hashable, Sendable {
    /// The key, as the user knows it.
    public let key: [UInt8]
    /// Its value.
    public let value: [UInt8]

    /// Makes a pair.
    public init(key: [UInt8], value: [UInt8]) {
        self.key = key
        self.value = value
    }
}

/// A part of a scan.
public struct ScanPage: Hashable, Sendable {
    /// In the order of their keys.
    public let entries: [KeyValue]
    /// Where the next page begins; nil if the range has been read to its end.
    public let next: [UInt8]?
}

extension PartitionReader {
    /// The entries from `from` up to, and without, `upTo`, or up to the partition's end, as far as the limit allows.
    /// None if `upTo` is not behind `from`.
    ///
    /// - Throws: ``StateMachineError/limit(_:)`` for a key or a limit that is too large, or a limit below 1.
    public func scan(
        from: ArraySlice<UInt8> = [],
        upTo: ArraySlice<UInt8>? = nil,
        limit: ScanLimit = ScanLimit()
    ) throws(StateMachineError) -> ScanPage {
        do throws(FieldError) { try limit.check() } catch { throw .limit(error) }
        try Self.check("from", from)
        if let upTo { try Self.check("up to", upTo) }
        let range = keys.userRange(from: from, upTo: upTo)
        guard !range.isEmpty else { return ScanPage(entries: [], next: nil) }
        return try callEngine { () throws(EngineError) in
            let iterator = try reader.iterator(over: range)
            var entries: [KeyValue] = []
            var bytes = 0
            var found = try iterator.seekToFirst()
            while found, entries.count < limit.entries, bytes < limit.bytes {
                let entry = KeyValue(key: userKey(iterator), value: iterator.value)
                bytes += entry.key.count + entry.value.count
                entries.append(entry)
                found = try iterator.next()
            }
            return ScanPage(entries: entries, next: found ? userKey(iterator) : nil)
        }
    }

    private func userKey(_ iterator: any EngineIterator) -> [UInt8] {
        iterator.withKey { [UInt8](copying: $0.extracting(droppingFirst: keys.userPrefix.count)) }
    }
}
