import Raft
import Testing

@testable import KVStore

/// Reads of more than one answer between nodes holds.
@Suite struct LargeReadTests {
    private static let keys = (0..<6).map { OperatorKeys.stored(Array("large/\($0)".utf8)) }

    private let started: StartedCluster
    private let answers: Answers

    /// The longest answer that went from node to node.
    private final class Answers {
        var longest = 0
    }

    init() throws {
        let started = try StartedCluster(partitions: 1)
        let answers = Answers()
        started.cluster.loses = { message in
            if case .forwarded(let forwarded) = message, case .response(let response) = forwarded.content {
                answers.longest = max(answers.longest, response.count)
            }
            return false
        }
        self.started = started
        self.answers = answers
    }

    /// A node that does not lead the keys' partition.
    private func asker() throws -> UInt64 {
        let loop = started.cluster.loop(1)
        let home = try #require(loop.routing.partition(of: Self.keys[0]))
        let leader = try #require(loop.store.leader(of: home))
        return try #require(started.cluster.ids.first { $0 != leader }).rawValue
    }

    private static func value(_ number: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(number), count: TransactionLimits.valueBytes)
    }

    private func write(_ value: (Int) -> [UInt8]) throws {
        for (number, key) in Self.keys.enumerated() {
            _ = try started.committed([.init(key: key, .put(value(number)))])
        }
    }

    private func scan(at timestamp: Timestamp) throws -> [EntryPage.Entry] {
        var found: [EntryPage.Entry] = []
        var range = KeyRange(Self.keys[0], Self.keys[Self.keys.count - 1] + [0])
        let loop = started.cluster.loop(try asker())
        while true {
            var answer: Result<EntryPage, TransactionError>?
            loop.scan(range, at: timestamp, limit: ScanLimit(), patience: .seconds(5)) { answer = $0 }
            started.cluster.run(milliseconds: 20_000) { answer != nil }
            let page = try #require(answer).get()
            found += page.entries
            guard let next = page.next else { return found }
            range = KeyRange(next, range.upper)
        }
    }

    @Test func whatAnAnswerHasNoRoomForIsAskedAgain() throws {
        try write(Self.value)
        let moment = try started.timestamp()
        // Keys that have nothing stand between those that have.
        let nothing = OperatorKeys.stored(Array("large/nothing".utf8))
        let asked = Self.keys.flatMap { [$0, nothing] }
        let found = try started.read(asked, at: moment, node: asker())
        #expect(found.count == asked.count)
        for (place, entry) in found.enumerated() {
            let expected: StoredEntry.Content? = place % 2 == 0 ? .bytes(Self.value(place / 2)) : nil
            #expect(entry?.content == expected, "key \(place)")
        }
        #expect(answers.longest > WireLimits.readBytes && answers.longest <= WireLimits.responseBytes)
        started.cluster.end()
    }

    /// What a page holds counts, not what its keys have by now.
    @Test func aPageOfThePastIsNoLongerThanOneOfToday() throws {
        try write(Self.value)
        let moment = try started.timestamp()
        try write { _ in [] }
        let found = try scan(at: moment)
        #expect(found.map(\.key) == Self.keys)
        for (number, entry) in found.enumerated() { #expect(entry.entry.content == .bytes(Self.value(number))) }
        #expect(answers.longest > WireLimits.readBytes && answers.longest <= WireLimits.responseBytes)
        let now = try scan(at: started.timestamp())
        #expect(now.count == Self.keys.count && now.allSatisfy { $0.entry.content == .bytes([]) })
        started.cluster.end()
    }
}
