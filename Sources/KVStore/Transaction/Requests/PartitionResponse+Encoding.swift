internal import Raft

/// The bytes of a leader's answer: a version, a tag and its fields.
extension PartitionResponse {
    private static let version: UInt8 = 1

    private enum Tag {
        static let timestamps: UInt8 = 1
        static let entries: UInt8 = 2
        static let page: UInt8 = 3
        static let outcome: UInt8 = 4
        static let expired: UInt8 = 5
        static let moved: UInt8 = 6
        static let died: UInt8 = 7
        static let timedOut: UInt8 = 8
        static let overloaded: UInt8 = 9
        static let diskFull: UInt8 = 10
        static let invalid: UInt8 = 11
        static let tooOld: UInt8 = 12
        static let unreadable: UInt8 = 13
    }

    private static let textBytes = 4 << 10

    /// The answer's bytes.
    var encoded: [UInt8] {
        var bytes: [UInt8] = [Self.version]
        switch self {
        case .timestamps(let first):
            bytes.append(Tag.timestamps)
            bytes.appendFixed(first.rawValue)
        case .entries(let entries):
            bytes.append(Tag.entries)
            bytes.appendNumber(entries.count)
            for entry in entries {
                bytes.append(entry == nil ? 0 : 1)
                entry?.encode(into: &bytes)
            }
        case .page(let page):
            bytes.append(Tag.page)
            bytes.appendNumber(page.entries.count)
            for entry in page.entries {
                bytes.appendString(entry.key[...])
                entry.entry.encode(into: &bytes)
            }
            bytes.append(page.next == nil ? 0 : 1)
            if let next = page.next { bytes.appendString(next[...]) }
        case .outcome(let outcome):
            bytes.append(Tag.outcome)
            outcome.encode(into: &bytes)
        case .expired: bytes.append(Tag.expired)
        case .moved(let leader, let mayHappen):
            bytes.append(Tag.moved)
            bytes.append(mayHappen ? 1 : 0)
            bytes.append(leader == nil ? 0 : 1)
            if let leader { bytes.appendNumber(leader.rawValue) }
        case .died(let key):
            bytes.append(Tag.died)
            bytes.appendString(key[...])
        case .timedOut(let key):
            bytes.append(Tag.timedOut)
            bytes.appendString(key[...])
        case .overloaded: bytes.append(Tag.overloaded)
        case .diskFull: bytes.append(Tag.diskFull)
        case .invalid(let error):
            bytes.append(Tag.invalid)
            bytes.appendText(error.field)
            bytes.appendText(error.rule)
        case .tooOld: bytes.append(Tag.tooOld)
        case .unreadable(let text):
            bytes.append(Tag.unreadable)
            bytes.appendText(text)
        }
        return bytes
    }

    /// Reads an answer.
    ///
    /// - Throws: the first field that is not as ``encoded`` writes it.
    init(encoded bytes: [UInt8]) throws(FieldError) {
        var reader = FieldReader(bytes)
        try reader.version("response version", upTo: Self.version)
        switch try reader.byte("response") {
        case Tag.timestamps:
            let first = try reader.timestamp("first")
            guard first < .mintedEnd else { throw FieldError("first", "must be below \(Timestamp.mintedEnd)") }
            self = .timestamps(first: first)
        case Tag.entries: self = .entries(try Self.entries(from: &reader))
        case Tag.page: self = .page(try Self.page(from: &reader))
        case Tag.outcome: self = .outcome(try TransactionOutcome(from: &reader))
        case Tag.expired: self = .expired
        case Tag.moved:
            let mayHappen = try reader.flag("may happen")
            let leader = try reader.flag("leader") ? NodeID(try reader.number("leader")) : nil
            self = .moved(to: leader, mayHappen: mayHappen)
        case Tag.died: self = .died(key: try reader.bound("key"))
        case Tag.timedOut: self = .timedOut(key: try reader.bound("key"))
        case Tag.overloaded: self = .overloaded
        case Tag.diskFull: self = .diskFull
        case Tag.invalid:
            let field = try reader.text("field", upTo: Self.textBytes)
            self = .invalid(FieldError(field, try reader.text("rule", upTo: Self.textBytes)))
        case Tag.tooOld: self = .tooOld
        case Tag.unreadable: self = .unreadable(try reader.text("text", upTo: Self.textBytes))
        case let tag: throw FieldError("response", "\(tag) is none of this version")
        }
        try reader.expectEnd("response")
    }

    private static func entries(from reader: inout FieldReader) throws(FieldError) -> [StoredEntry?] {
        let count = try reader.count("entries", upTo: TransactionLimits.operations)
        var entries: [StoredEntry?] = []
        entries.reserveCapacity(min(count, reader.remaining))
        for _ in 0..<count {
            entries.append(try reader.flag("entry") ? try StoredEntry(from: &reader) : nil)
        }
        return entries
    }

    private static func page(from reader: inout FieldReader) throws(FieldError) -> EntryPage {
        let count = try reader.count("entries", upTo: ScanLimit.mostEntries)
        var entries: [EntryPage.Entry] = []
        entries.reserveCapacity(min(count, reader.remaining))
        for _ in 0..<count {
            let key = try reader.key("key")
            entries.append(EntryPage.Entry(key: key, entry: try StoredEntry(from: &reader)))
        }
        return EntryPage(entries: entries, next: try reader.flag("next") ? try reader.bound("next") : nil)
    }
}

extension StoredEntry {
    fileprivate func encode(into bytes: inout [UInt8]) {
        bytes.appendFixed(version.rawValue)
        switch content {
        case .bytes(let value):
            bytes.append(0)
            bytes.appendString(value[...])
        case .counter(let value):
            bytes.append(1)
            bytes.appendFixed(value)
        }
    }

    fileprivate init(from reader: inout FieldReader) throws(FieldError) {
        let version = try reader.timestamp("version")
        if try reader.flag("content") {
            self.init(.counter(try reader.fixed("counter", as: Int64.self)), version: version)
        } else {
            self.init(.bytes(Array(try reader.string("value", upTo: TransactionLimits.valueBytes))), version: version)
        }
    }
}

extension [UInt8] {
    fileprivate mutating func appendText(_ text: String) { appendString(Array(text.utf8)[...]) }
}

extension FieldReader {
    fileprivate mutating func text(_ field: String, upTo limit: Int) throws(FieldError) -> String {
        String(decoding: try string(field, upTo: limit), as: UTF8.self)
    }
}
