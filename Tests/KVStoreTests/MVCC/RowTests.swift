import Raft
import Testing

@testable import KVStore

@Suite("Transactions: what lies in the engine")
struct RowTests {
    private static let holder = IntentHolder(
        id: TransactionID(0x0102),
        age: TransactionAge(milliseconds: 300, tieBreak: 4),
        primary: [9, 0],
        expires: Timestamp(7)
    )
    private static let held = HeldStep(holder: holder, step: 3, floor: Timestamp(5), deadline: Timestamp(6))
    private static let heldBytes: [UInt8] =
        [5, 0, 0, 0, 0, 0, 0, 0] + [6, 0, 0, 0, 0, 0, 0, 0] + [7, 0, 0, 0, 0, 0, 0, 0] + [0xAC, 2, 4, 2, 9, 0]
    private static let id: [UInt8] = [UInt8](repeating: 0, count: 14) + [1, 2]
    private let keys = PartitionKeys(PartitionID(1))

    private func time(_ byte: UInt8) -> [UInt8] { [byte, 0, 0, 0, 0, 0, 0, 0] }

    @Test("Latest versions")
    func current() throws {
        let counter = CounterState(sum: -2, born: Timestamp(3), base: Timestamp(4))
        let minusTwo: [UInt8] = [0xFE] + [UInt8](repeating: 0xFF, count: 7)
        let rows: [(CurrentVersion, [UInt8])] = [
            (CurrentVersion(.tombstone, Timestamp(5)), [0] + time(5)),
            (CurrentVersion(.counter(counter), Timestamp(5)), [2] + time(5) + minusTwo + time(3) + time(4)),
        ]
        for (version, row) in rows {
            #expect(version.row == row)
            #expect(try CurrentVersion(row: row[...]) == version)
            #expect(try CurrentVersion(row: row.span) == version)
            for other in [row.dropLast(), row + [0]] {
                #expect(throws: FieldError.self) { try CurrentVersion(row: other[...]) }
            }
        }
        let bytes = CurrentVersion.row([1, 2], Timestamp(5))
        #expect(bytes == [1] + time(5) + [1, 2])
        #expect(try CurrentVersion(row: bytes.span) == CurrentVersion(.bytes, Timestamp(5)))
        forEachMutation(of: rows[1].1, seed: 1) { _ = try? CurrentVersion(row: $0[...]) }
    }

    @Test("History: the newest first, whatever the keys")
    func history() throws {
        let counter = CounterState(sum: 1, born: Timestamp(3), base: .zero)
        let entries: [HistoryEntry] = [
            HistoryEntry(.tombstone, Timestamp(9)), HistoryEntry(.counterEnd(counter), Timestamp(8)),
            HistoryEntry(.addition(.init(1, floor: -1, ceiling: 2)), Timestamp(8)),
            HistoryEntry(.addition(.init(0)), Timestamp(3)), HistoryEntry(.bytes([7, 0][...]), Timestamp(1)),
        ]
        let users: [[UInt8]] = [[0], [0, 0], [0, 1], [1], [1, 0], [1, 0xFF], [2]]
        var places: [[UInt8]] = []
        for user in users {
            let range = keys.escapedRange(PartitionKeys.Space.history, of: user)
            for entry in entries {
                let place = entry.key(behind: range.lower)
                #expect(range.contains(place))
                let (parsed, suffix) = try HistoryEntry.parse(place.dropFirst(keys.prefix.count))
                #expect(parsed == user)
                #expect(try HistoryEntry(suffix: suffix, value: entry.value[...]) == entry)
                places.append(place)
            }
        }
        #expect(places == places.sorted { $0.lexicographicallyPrecedes($1) })
        #expect(entries[2].key(behind: []) == [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xF7, 3])
        let lower = keys.escaped(PartitionKeys.Space.history, [1])
        #expect(HistoryEntry.seekKey(lower, at: Timestamp(8)).lexicographicallyPrecedes(entries[1].key(behind: lower)))
        #expect(entries[0].key(behind: lower).lexicographicallyPrecedes(HistoryEntry.seekKey(lower, at: Timestamp(8))))
    }

    @Test("Escaped keys keep their order, and ranges of them cut a space where ranges of keys cut them")
    func escaping() throws {
        let alphabet: [UInt8] = [0, 1, 2, 0xFE, 0xFF]
        var users: [[UInt8]] = [[]]
        for a in alphabet { users.append([a]) }
        for a in alphabet { for b in alphabet { users.append([a, b]) } }
        users.sort { $0.lexicographicallyPrecedes($1) }
        let escaped = users.map { keys.escaped(PartitionKeys.Space.records, $0) }
        #expect(escaped == escaped.sorted { $0.lexicographicallyPrecedes($1) })
        for (user, place) in zip(users, escaped) {
            var reader = FieldReader(place.dropFirst(keys.prefix.count + 1))
            #expect(try reader.escapedKey("key", upTo: 2) == user)
            #expect(reader.remaining == 0)
            for (other, otherPlace) in zip(users, escaped) {
                let cut = keys.escapedRange(PartitionKeys.Space.records, from: user)
                #expect(cut.contains(otherPlace) == !other.lexicographicallyPrecedes(user))
            }
        }
    }

    @Test("Records")
    func records() throws {
        let samples: [(TransactionRecord, [UInt8])] = [
            (TransactionRecord(.pending(expires: Timestamp(2)), until: Timestamp(3)), [1] + time(3) + time(2)),
            (
                TransactionRecord(
                    .committed(Timestamp(2), isSettled: true, participants: [[4], [5, 6]]),
                    until: Timestamp(3)
                ), [2] + time(3) + time(2) + [1, 2, 1, 4, 2, 5, 6]
            ),
            (TransactionRecord(.rolledBack, until: Timestamp(3)), [3] + time(3)),
        ]
        for (record, row) in samples {
            #expect(try record.row() == row)
            #expect(try TransactionRecord(row: row[...]) == record)
            forEachMutation(of: row, seed: 5) { _ = try? TransactionRecord(row: $0[...]) }
        }
        let place = keys.record([7, 0], TransactionID(0x0102))
        let (key, id) = try PartitionKeys.recordKey(place.dropFirst(keys.prefix.count))
        #expect(key == [7, 0] && id == TransactionID(0x0102))
    }

    @Test("Intents")
    func intents() throws {
        let use = Footprint(TransactionDraft(changes: [.init(key: [7, 0], .put([8]))])).uses[0]
        let intent = KeyIntent(Self.held, use)
        #expect(keys.intent(intent) == keys.prefix + [7, 7, 0, 0xFF, 0, 1] + Self.id + [0, 0, 0, 3])
        #expect(intent.row == Self.heldBytes + [3, 1, 1, 1, 8])
        let read = try KeyIntent(key: keys.intent(intent).dropFirst(keys.prefix.count), row: intent.row[...])
        #expect(read.row == intent.row && keys.intent(read) == keys.intent(intent))
        forEachMutation(of: intent.row, seed: 6) { row in
            _ = try? KeyIntent(key: keys.intent(intent).dropFirst(keys.prefix.count), row: row[...])
        }
        let range = RangeIntent(Self.held, KeyRange([7], [7, 0]))
        let place = keys.prefix + [8, 7, 0, 1] + Self.id + [0, 0, 0, 3] + [7, 0, 0xFF, 0, 1]
        #expect(keys.intent(range) == place)
        #expect(range.row == Self.heldBytes)
        let readRange = try RangeIntent(key: place.dropFirst(keys.prefix.count), row: range.row[...])
        #expect(readRange.range == range.range && readRange.row == range.row)
        forEachMutation(of: Array(place.dropFirst(keys.prefix.count)), seed: 7) { key in
            _ = try? RangeIntent(key: key[...], row: range.row[...])
        }
    }

    @Test("What a partition knows of itself")
    func facts() throws {
        var facts = PartitionFacts()
        #expect(try PartitionFacts(encoded: try facts.encoded()[...]) == facts)
        facts.safePoint = Timestamp(1)
        facts.records = Timestamp(2)
        facts.reserved = Timestamp(3)
        facts.sweep = [4, 0, 1]
        facts.descriptor = PartitionDescriptor(id: PartitionID(5), range: KeyRange([6], [7]), epoch: 8)
        let bytes = [1] + time(1) + time(2) + time(3) + [1, 3, 4, 0, 1, 1, 5, 8, 1, 6, 1, 7]
        #expect(try facts.encoded() == bytes)
        #expect(try PartitionFacts(encoded: bytes[...]) == facts)
        forEachMutation(of: bytes, seed: 8) { bytes in
            guard let facts = try? PartitionFacts(encoded: bytes[...]) else { return }
            #expect((try? PartitionFacts(encoded: (try? facts.encoded())?[...] ?? [])) == facts)
        }
    }
}
