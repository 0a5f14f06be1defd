internal import Raft

/// A record of consecutive entries of one group:
///
///     | group | term before | first index | count | term, later runs | payload bytes | flags | length | body |
///                                                                                              └ LZ4 if it gains
///     body: for each entry  | length × 4 + kind | bytes |
///
/// All that recovery must know stands outside of the compressed body, except configurations, which are rare. The term
/// of the entry before the first proves what the record continues (log matching), so that a chain of records with a
/// wrong link is found even when the records that broke it are lost.
struct EntriesHeader: Hashable {
    let group: PartitionID
    let previousTerm: Term
    let first: LogIndex
    let count: Int
    let firstTerm: Term
    /// The runs behind the first one.
    let laterRuns: [TermRun]
    /// The sum of what limits charge for the payloads.
    let payloadBytes: Int

    var last: LogPosition {
        let index = LogIndex(first.rawValue + UInt64(count) - 1)
        return LogPosition(term: laterRuns.last?.term ?? firstTerm, index: index)
    }
}

/// Entries of one group, as a record holds them.
struct EntriesRecord {
    let header: EntriesHeader
    private let hasConfigurations: Bool
    private let isCompressed: Bool
    private let wholeBytes: Int
    private let body: UnsafeRawBufferPointer

    private static let compressedFlag: UInt8 = 1
    private static let configurationFlag: UInt8 = 2

    /// Appends a record of `entries`, which the caller knows to be consecutive, and returns its header.
    static func encode(
        _ entries: ArraySlice<Entry>,
        of group: PartitionID,
        after previousTerm: Term,
        compressionBytes: Int,
        into bytes: inout [UInt8]
    ) -> EntriesHeader {
        var body: [UInt8] = []
        body.reserveCapacity(entries.reduce(0) { $0 + $1.payload.sizeBytes + 6 })
        var runs: [TermRun] = []
        var payloadBytes = 0
        var flags: UInt8 = 0
        for entry in entries {
            if runs.last?.term != entry.term { runs.append(TermRun(first: entry.index, term: entry.term)) }
            payloadBytes += entry.payload.sizeBytes
            if case .configuration = entry.payload { flags |= configurationFlag }
            entry.payload.encode(into: &body)
        }
        precondition(!runs.isEmpty, "a record of entries has at least one")
        let compressed = body.count >= compressionBytes ? Compression.compress(body) : nil
        if compressed != nil { flags |= compressedFlag }
        let header = EntriesHeader(
            group: group,
            previousTerm: previousTerm,
            first: runs[0].first,
            count: entries.count,
            firstTerm: runs[0].term,
            laterRuns: Array(runs.dropFirst()),
            payloadBytes: payloadBytes
        )
        header.encode(into: &bytes)
        bytes.append(flags)
        bytes.appendNumber(body.count)
        let stored = compressed ?? body
        bytes.appendNumber(stored.count)
        bytes.append(contentsOf: stored)
        return header
    }

    /// Reads all but the body, which stays where it is: the memory must outlive this value.
    init(from reader: inout ByteReader) throws(FormatError) {
        header = try EntriesHeader(from: &reader)
        let flags = try reader.byte()
        guard flags < 4 else { throw FormatError(reason: "no such kind of entries") }
        isCompressed = flags & Self.compressedFlag != 0
        hasConfigurations = flags & Self.configurationFlag != 0
        wholeBytes = try reader.count(upTo: LogFormat.recordBytes)
        let storedBytes = try reader.count(upTo: reader.remaining)
        guard header.count <= wholeBytes else { throw FormatError(reason: "more entries than bytes") }
        guard isCompressed || storedBytes == wholeBytes else { throw FormatError(reason: "lengths disagree") }
        body = try reader.take(storedBytes)
    }

    /// All entries of the record.
    func entries() throws(FormatError) -> [Entry] {
        guard isCompressed else { return try decodeEntries(in: body) }
        let whole = try Compression.decompress(body, to: wholeBytes)
        var failure: FormatError?
        let entries = whole.withUnsafeBytes { bytes -> [Entry] in
            do throws(FormatError) {
                return try decodeEntries(in: bytes)
            } catch {
                failure = error
                return []
            }
        }
        if let failure { throw failure }
        return entries
    }

    /// The configurations among the entries; the body is looked into only where there are some.
    func configurations() throws(FormatError) -> [PlacedConfiguration] {
        guard hasConfigurations else { return [] }
        return try entries().compactMap { entry in
            guard case .configuration(let configuration) = entry.payload else { return nil }
            return PlacedConfiguration(index: entry.index, configuration: configuration)
        }
    }

    private func decodeEntries(in bytes: UnsafeRawBufferPointer) throws(FormatError) -> [Entry] {
        var reader = ByteReader(bytes)
        var entries: [Entry] = []
        entries.reserveCapacity(header.count)
        var term = header.firstTerm
        var later = header.laterRuns[...]
        for offset in 0..<header.count {
            let index = header.first + offset
            if let run = later.first, run.first == index {
                term = run.term
                later.removeFirst()
            }
            entries.append(Entry(index: index, term: term, payload: try EntryPayload(from: &reader)))
        }
        try reader.expectEnd()
        return entries
    }
}

extension EntriesHeader {
    fileprivate func encode(into bytes: inout [UInt8]) {
        bytes.appendNumber(group.rawValue)
        bytes.appendNumber(previousTerm.rawValue)
        bytes.appendNumber(first.rawValue)
        bytes.appendNumber(count)
        bytes.appendNumber(firstTerm.rawValue)
        bytes.appendNumber(laterRuns.count)
        for run in laterRuns {
            bytes.appendNumber(run.first.rawValue)
            bytes.appendNumber(run.term.rawValue)
        }
        bytes.appendNumber(payloadBytes)
    }

    fileprivate init(from reader: inout ByteReader) throws(FormatError) {
        group = PartitionID(try reader.number())
        previousTerm = try reader.term()
        first = try reader.index()
        count = try reader.count(upTo: LogFormat.recordEntries)
        firstTerm = try reader.term()
        guard first > .zero, count > 0 else { throw FormatError(reason: "a record of no entries") }
        guard first.rawValue + UInt64(count) <= LogIndex.max.rawValue else {
            throw FormatError(reason: "index out of range")
        }
        guard firstTerm >= previousTerm else { throw FormatError(reason: "terms go back") }
        var runs: [TermRun] = []
        var before = TermRun(first: first, term: firstTerm)
        for _ in 0..<(try reader.count(upTo: min(count - 1, reader.remaining))) {
            let run = TermRun(first: try reader.index(), term: try reader.term())
            guard run.first > before.first, run.term > before.term, run.first < first + count else {
                throw FormatError(reason: "terms in disorder")
            }
            runs.append(run)
            before = run
        }
        laterRuns = runs
        payloadBytes = try reader.count(upTo: LogFormat.chargedBytes)
    }
}

extension EntryPayload {
    fileprivate func encode(into bytes: inout [UInt8]) {
        switch self {
        case .noop:
            bytes.appendNumber(0)
        case .command(let command):
            bytes.appendNumber(command.count << 2 | 1)
            bytes.append(contentsOf: command)
        case .configuration(let configuration):
            var encoded: [UInt8] = []
            configuration.encode(into: &encoded)
            bytes.appendNumber(encoded.count << 2 | 2)
            bytes.append(contentsOf: encoded)
        }
    }

    fileprivate init(from reader: inout ByteReader) throws(FormatError) {
        let tag = try reader.number()
        guard tag >> 2 <= UInt64(reader.remaining) else { throw FormatError(reason: "ends too early") }
        let bytes = try reader.take(Int(tag >> 2))
        switch tag & 3 {
        case 0 where bytes.isEmpty:
            self = .noop
        case 1:
            self = .command(Array(bytes))
        case 2:
            var inner = ByteReader(bytes)
            let configuration = try Configuration(from: &inner)
            try inner.expectEnd()
            self = .configuration(configuration)
        default:
            throw FormatError(reason: "no such kind of entry")
        }
    }
}
