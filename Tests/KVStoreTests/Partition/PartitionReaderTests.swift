import KVStore
import Raft
import Testing

@Suite("Partitions: reading")
struct PartitionReaderTests {
    @Test("A scan comes in pages that join without gap or overlap", arguments: EngineKind.allCases, [1, 2, 3, 7, 100])
    func pages(kind: EngineKind, count: Int) throws {
        let machine = try open(EngineFixture(kind).engine)
        let expected = letters("abcdefg")
        for pair in expected { _ = try machine.run(.put(key: pair.key[...], value: pair.value[...])) }
        var read: [Pair] = []
        var next: [UInt8]? = []
        while let from = next {
            let page = try machine.reader.scan(from: from[...], limit: ScanLimit(entries: count))
            #expect(page.entries.count <= count)
            read += page.entries.map { Pair($0.key, $0.value) }
            next = page.next
        }
        #expect(read == expected)
    }

    @Test("Ends, limits and neighbours", arguments: EngineKind.allCases)
    func ends(kind: EngineKind) throws {
        let engine = try EngineFixture(kind).engine
        for number in [partition.rawValue - 1, partition.rawValue + 1] {
            try open(engine, PartitionID(number)).run(put("b", "of a neighbour"))
        }
        let machine = try open(engine)
        #expect(try machine.contents() == [])
        try machine.run(put("a", "1"), put("b", "2"), put("bb", "3"), put("c", "4"))
        func keys(_ from: String, _ upTo: String?) throws -> String {
            try machine.reader.scan(from: bytes(from)[...], upTo: upTo.map { bytes($0)[...] }).entries
                .map { String(decoding: $0.key, as: UTF8.self) }.joined(separator: " ")
        }
        #expect(try keys("", nil) == "a b bb c")
        #expect(try keys("b", "c") == "b bb")
        #expect(try keys("b", "b") == "")
        #expect(try keys("c", "b") == "")
        #expect(try keys("ba", nil) == "bb c")
        let page = try machine.reader.scan(limit: ScanLimit(bytes: 3))
        #expect(page.entries.count == 2)
        #expect(page.next == bytes("bb"))
        let long = [UInt8](repeating: 0, count: CommandLimits.keyBytes + 1)[...]
        for body in [
            { _ = try machine.reader.value(of: long) },
            { _ = try machine.reader.scan(from: long) },
            { _ = try machine.reader.scan(upTo: long) },
            { _ = try machine.reader.scan(limit: ScanLimit(entries: 0)) },
            { _ = try machine.reader.scan(limit: ScanLimit(entries: ScanLimit.mostEntries + 1)) },
            { _ = try machine.reader.scan(limit: ScanLimit(bytes: ScanLimit.mostBytes + 1)) },
        ] as [() throws -> Void] {
            let error = #expect(throws: StateMachineError.self) { try body() }
            guard case .limit = error else {
                Issue.record("a limit was refused with \(String(describing: error))")
                continue
            }
        }
    }

    @Test("The checksum sees every difference, and only what replicas have in common", arguments: EngineKind.allCases)
    func checksum(kind: EngineKind) throws {
        func make(
            _ initial: Configuration,
            _ change: (StateMachine, any Engine) throws -> Void
        ) throws -> PartitionChecksum {
            let engine = try EngineFixture(kind).engine
            let machine = try StateMachine(partition, in: engine, initial: initial)
            try machine.run(put("a", "1"), put("bc", "23"))
            try change(machine, engine)
            return try machine.checksum()
        }
        let plain = try make(threeVoters) { _, _ in }
        #expect(plain.entries == 2)
        #expect(plain.bytes == 6)
        #expect(plain.position == LogPosition(term: Term(1), index: LogIndex(2)))
        #expect(try make(Configuration(voters: [])) { _, _ in } == plain)
        #expect(try make(threeVoters) { _, engine in try open(engine, PartitionID(9)).run(put("z", "1")) } == plain)
        // Each stored entry in turn: another byte in its value, another in its key, and the entry gone.
        let sample = try EngineFixture(kind).engine
        try open(sample).run(put("a", "1"), put("bc", "23"))
        for pair in try sample.contents().dropFirst() {
            var value = pair.value
            value[value.count - 1] ^= 1
            var key = pair.key
            key[key.count - 1] ^= 0x10
            for changed in [[Pair(pair.key, value)], [Pair(key, pair.value)], []] {
                let other = try make(threeVoters) { _, engine in
                    try engine.delete(KeyRange(pair.key, pair.key + [0]))
                    try engine.put(changed)
                }
                #expect(other.checksum != plain.checksum)
            }
        }
        let other = try make(threeVoters) { machine, _ in _ = try machine.apply([Entry(3, .configuration(threeVoters))])
        }
        let another = try make(threeVoters) { machine, _ in
            _ = try machine.apply([Entry(3, .configuration(Configuration(voters: [NodeID(1)])))])
        }
        #expect(other.position == another.position)
        #expect(other.checksum != another.checksum)
    }

    @Test("The checksum of a known partition has not changed")
    func golden() throws {
        let machine = try open(EngineFixture(.memory).engine)
        try machine.run(put("a", "1"), put("bc", "23"))
        // From another program's CRC32C over the bytes that the format describes.
        #expect(try machine.checksum().checksum == 0x4BBD_D833)
    }
}

@Suite("Partitions: destroying")
struct DestroyTests {
    @Test("Nothing is left of a partition, and its neighbours stay", arguments: EngineKind.allCases)
    func destroy(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        let neighbours = [partition.rawValue - 1, partition.rawValue + 1].map { PartitionID($0) }
        for neighbour in neighbours { try open(fixture.engine, neighbour).run(put("n", "1")) }
        try fixture.engine.put([Pair([1], [1]), Pair([3], [3])])
        let before = try fixture.engine.contents()
        try open(fixture.engine).run(put("a", "1"), put("b", "2"))
        for _ in 0..<2 {
            try StateMachine.destroy(partition, in: fixture.engine)
            #expect(try fixture.engine.contents() == before)
            let fresh = try open(fixture.engine)
            #expect(fresh.state.position == .origin)
            #expect(try fresh.flushedIndex() == .zero)
            #expect(
                try fresh.apply([try Entry(1, command(1, compare("a", nil, set: "1")))]).first?.commandOutcome
                    == .applied
            )
        }
        try StateMachine.destroy(partition, in: fixture.engine)
        try fixture.crash()
        #expect(try fixture.engine.contents() == before)
    }

    @Test(
        "A replica that is made later never takes the flushed index of an earlier one",
        arguments: EngineKind.allCases
    )
    func laterReplica(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        try open(fixture.engine).run(put("a", "1"), put("a", "2"), put("a", "3"))
        try fixture.engine.flush()
        try StateMachine.destroy(partition, in: fixture.engine)
        let later = try open(fixture.engine)
        try later.run(put("b", "1"))
        #expect(try later.flushedIndex() == .zero)
        try fixture.crash()
        #expect(try open(fixture.engine).state.position == .origin)
    }
}
