internal import Raft

/// Where consecutive entries of a group lie: a record of a batch, or the part of it that still counts.
struct Locator: Hashable {
    private(set) var first: LogIndex
    private(set) var last: LogIndex
    /// The term of the entry before `first`.
    private(set) var previousTerm: Term
    private var firstTerm: Term
    private var laterRuns: [TermRun]
    let address: RecordAddress
    /// What limits charge for the payloads of the whole record.
    let payloadBytes: Int

    init(_ header: EntriesHeader, at address: RecordAddress) {
        first = header.first
        last = header.last.index
        previousTerm = header.previousTerm
        firstTerm = header.firstTerm
        laterRuns = header.laterRuns
        payloadBytes = header.payloadBytes
        self.address = address
    }

    var lastTerm: Term { laterRuns.last?.term ?? firstTerm }

    var runs: [TermRun] { [TermRun(first: first, term: firstTerm)] + laterRuns }

    /// The term of an entry; the caller knows that it is here.
    func term(at index: LogIndex) -> Term { laterRuns.last { $0.first <= index }?.term ?? firstTerm }

    /// The part up to `index`, which lies here.
    func prefix(through index: LogIndex) -> Locator {
        var part = self
        part.last = index
        part.laterRuns.removeAll { $0.first > index }
        return part
    }

    /// The part from `index` on, which lies here behind `first`.
    func suffix(from index: LogIndex) -> Locator {
        var part = self
        part.previousTerm = term(at: index.previous)
        part.firstTerm = term(at: index)
        part.first = index
        part.laterRuns.removeAll { $0.first <= index }
        return part
    }
}

/// Where a record lies. Offsets count the bytes that sectors carry, without their frames.
struct RecordAddress: Hashable {
    let segment: UInt64
    let offset: Int
    let length: Int

    /// True when the record was written behind `place`.
    func isBehind(_ place: RecordPlace) -> Bool {
        (segment, offset) > (place.segment, place.offset)
    }
}

/// A place in the log, counted as in a `RecordAddress`.
struct RecordPlace: Hashable {
    let segment: UInt64
    let offset: Int
}

/// How much of each segment still counts.
struct Liveness {
    private(set) var total = 0
    private var bytes: [UInt64: Int] = [:]

    func bytes(in segment: UInt64) -> Int { bytes[segment] ?? 0 }

    mutating func add(_ locator: Locator) {
        bytes[locator.address.segment, default: 0] += locator.address.length
        total += locator.address.length
    }

    mutating func remove(_ locator: Locator) {
        bytes[locator.address.segment, default: 0] -= locator.address.length
        total -= locator.address.length
    }

    mutating func forget(segment: UInt64) {
        precondition(bytes(in: segment) == 0, "a segment with live records was given up")
        bytes[segment] = nil
    }
}
