import Raft
import Testing

@testable import KVStore

/// The longest key that users may have lies behind a byte of its space: whoever may write it may read it.
@Suite struct LongKeyTests {
    private static let key = [UInt8](repeating: UInt8(ascii: "k"), count: KeyValueLimits.keyBytes)

    private let started: StartedCluster

    init() throws { started = try StartedCluster(partitions: 2) }

    private func value(_ key: [UInt8], _ consistency: ReadConsistency, at node: UInt64) throws -> [UInt8]? {
        var answer: Result<VersionedValue?, KeyValueError>?
        started.cluster.loop(node).value(of: key, consistency) { answer = $0 }
        started.cluster.run(milliseconds: 20_000) { answer != nil }
        return try #require(answer).get()?.bytes
    }

    private func write(_ value: [UInt8]?, at key: [UInt8]) throws -> KeyVersion {
        var answer: Result<KeyVersion, KeyValueError>?
        started.cluster.loop(1).write(value, at: key, if: .none, patience: .seconds(5)) { answer = $0 }
        started.cluster.run(milliseconds: 20_000) { answer != nil }
        return try #require(answer).get()
    }

    private func lockingRead(_ key: [UInt8]) throws -> StoredEntry? {
        var answer: Result<(StoredEntry?, TransactionAttempt), TransactionError>?
        let loop = started.cluster.loop(1)
        loop.readLocking(key, loop.transactionAttempt(age: nil), patience: .seconds(5)) { answer = $0 }
        started.cluster.run(milliseconds: 20_000) { answer != nil }
        let (entry, attempt) = try #require(answer).get()
        loop.abandon(attempt)
        return entry
    }

    @Test func theLongestKeyIsWrittenReadAndRemoved() throws {
        let stored = OperatorKeys.stored(Self.key)
        let before = try started.timestamp()
        for node in started.cluster.ids.map(\.rawValue) {
            #expect(try value(Self.key, .linearizable, at: node) == nil)
            #expect(try value(Self.key, .stale, at: node) == nil)
        }
        for text in ["one", "two"] {
            let version = try write(Array(text.utf8), at: Self.key)
            let moment = try #require(version.timestamp)
            for node in started.cluster.ids.map(\.rawValue) {
                #expect(try value(Self.key, .linearizable, at: node) == Array(text.utf8))
                #expect(try started.read([stored], at: moment, node: node).first??.content == .bytes(Array(text.utf8)))
                #expect(try started.read([stored], at: before, node: node) == [nil])
            }
            #expect(try lockingRead(stored)?.content == .bytes(Array(text.utf8)))
        }
        // Everybody has heard by now.
        started.cluster.run(milliseconds: 1_000)
        for node in started.cluster.ids.map(\.rawValue) {
            #expect(try value(Self.key, .stale, at: node) == Array("two".utf8))
        }
        let start = try started.timestamp()
        let draft = TransactionDraft(start: start, reads: [stored], changes: [.init(key: stored, .put([3]))])
        #expect(try started.commit(draft)?.get() != nil)
        _ = try write(nil, at: Self.key)
        #expect(try value(Self.key, .linearizable, at: 2) == nil)
        started.cluster.end()
    }

    @Test func aLongerKeyIsTurnedAwayAtTheDoor() throws {
        let longer = Self.key + [1]
        for consistency in [ReadConsistency.linearizable, .stale] {
            let error = #expect(throws: KeyValueError.self) { try value(longer, consistency, at: 1) }
            guard case .invalid(field: "key", rule: _)? = error else {
                Issue.record("refused with \(String(describing: error))")
                continue
            }
        }
        #expect(throws: KeyValueError.self) { try write([1], at: longer) }
        started.cluster.end()
    }
}
