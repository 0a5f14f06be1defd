import KVStore

/// A key and its value, as tests compare them.
struct Pair: Hashable, Sendable {
    var key: [UInt8]
    var value: [UInt8]

    init(_ key: [UInt8], _ value: [UInt8]) {
        self.key = key
        self.value = value
    }

    init(_ key: String, _ value: String) { self.init(bytes(key), bytes(value)) }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

func range(_ lower: String, _ upper: String) -> KeyRange { KeyRange(bytes(lower), bytes(upper)) }

extension EngineReader {
    /// All entries of a range, read forwards.
    func contents(_ range: KeyRange? = nil) throws -> [Pair] {
        let iterator = try iterator(over: range)
        var pairs: [Pair] = []
        var found = try iterator.seekToFirst()
        while found {
            pairs.append(Pair(iterator.key, iterator.value))
            found = try iterator.next()
        }
        return pairs
    }

    /// All entries of a range, read backwards.
    func reversedContents(_ range: KeyRange? = nil) throws -> [Pair] {
        let iterator = try iterator(over: range, caching: .bypass)
        var pairs: [Pair] = []
        var found = try iterator.seekToLast()
        while found {
            pairs.append(Pair(iterator.key, iterator.value))
            found = try iterator.previous()
        }
        return pairs
    }

    func text(_ key: String) throws -> String? {
        try value(of: bytes(key)).map { String(decoding: $0, as: UTF8.self) }
    }
}

extension Engine {
    func put(_ key: String, _ value: String) throws {
        var batch = WriteBatch()
        batch.put(bytes(key), bytes(value))
        try write(batch)
    }

    func put(_ pairs: [Pair]) throws {
        var batch = WriteBatch()
        for pair in pairs { batch.put(pair.key, pair.value) }
        try write(batch)
    }

    func delete(_ key: String) throws {
        var batch = WriteBatch()
        batch.delete(bytes(key))
        try write(batch)
    }

    func delete(_ range: KeyRange) throws {
        var batch = WriteBatch()
        batch.delete(range)
        try write(batch)
    }

    func persistedText(_ key: String) throws -> String? {
        try persistedValue(of: bytes(key)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Replaces a range by these entries, given in any order, in one ingestion.
    func replace(_ range: KeyRange, by pairs: [Pair]) throws {
        let file = try makeSortedFile()
        try file.delete(range)
        for pair in pairs.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            try file.put(pair.key, pair.value)
        }
        try file.finish()
        try ingest(file)
    }
}

/// Pairs of equal key and value, one for each letter.
func letters(_ text: String) -> [Pair] { text.map { Pair(String($0), String($0)) } }
