import KVStore
import Raft
import Testing

/// A replica of which a part of the log is damaged: it runs if it has applied everything that was there, and only then.
@Suite struct DamagedReplicaTests {
    private let node = SimulatedNode(NodeID(1), options: StoreOptions(), seed: 1)

    init() throws {
        try node.start()
        try node.store?.create(partition, initial: Configuration(voters: [NodeID(1)]))
        try lead()
    }

    private func lead() throws {
        for _ in 0..<200 {
            node.store?.tick()
            _ = try node.settle()
        }
        #expect(node.store?.status(of: partition)?.role == .leader)
    }

    private func write(_ numbers: ClosedRange<UInt128>) throws {
        for number in numbers {
            let change = put("key \(number)", "needle \(number)")
            try node.store?.submit(command(number, change), to: partition, token: RequestToken(1))
            #expect(try node.settle().count == 1)
        }
    }

    private func value(_ key: String) throws -> [UInt8]? {
        try node.store?.reader(of: partition)?.value(of: bytes(key)[...])
    }

    /// Ends the process, damages what is on the disk where a value was written, and starts it again.
    private func restart(damaging number: Int?) throws {
        node.crash(power: nil)
        if let number {
            let needle = bytes("needle \(number)")
            var found = 0
            for name in node.disk.fileNames("log") where name.hasSuffix(".segment") {
                let contents = node.disk.contents("log", name) ?? []
                for offset in contents.indices where contents[offset...].starts(with: needle) {
                    node.disk.corrupt("log", name, at: offset, mask: 0x10)
                    found += 1
                }
            }
            #expect(found == 1)
        }
        try node.start()
    }

    @Test("What is applied and flushed is not missed", arguments: 1...5)
    func appliedDamage(number: Int) throws {
        try write(1...5)
        let last = try #require(node.store?.status(of: partition)).last
        try node.engine?.flush()
        try restart(damaging: number)
        #expect(node.store?.recovery.failures == [])
        #expect(node.store?.status(of: partition)?.base == last)
        try lead()
        #expect(try value("key \(number)") == bytes("needle \(number)"))
        try write(6...7)
        // It was recorded, so nothing has to be made good again.
        try restart(damaging: nil)
        let disk = node.disk.copy(seed: 1)
        disk.kill()
        #expect(node.store?.recovery.failures == [])
        let opened = try WriteAheadLog.open(in: disk.directory("log"), options: .small)
        #expect(opened.recovery.groups.map(\.floor) == [nil])
        try lead()
        #expect(try value("key 7") == bytes("needle 7"))
    }

    @Test("Where something follows that is not flushed, a replica does not run and says why", arguments: [1, 3, 5])
    func unappliedDamage(number: Int) throws {
        try write(1...2)
        try node.engine?.flush()
        try write(3...5)
        let last = try #require(node.store?.status(of: partition)).last
        try restart(damaging: number)
        #expect(node.store?.partitions == [])
        let failure = try #require(node.store?.recovery.failures.first)
        #expect(failure.partition == partition && failure.reason == .logDamaged(.position(last)))
        #expect("\(failure.reason)".contains("entry \(last.index) of term \(last.term)"))
        let heartbeat = Message.heartbeat(Heartbeat(commit: .zero, readRound: .none))
        node.store?.receive(
            .raft(Envelope(partition: partition, from: NodeID(2), to: NodeID(1), term: Term(9), message: heartbeat))
        )
        #expect(node.store?.drops.notRunning == 1)
        // It stays so, though what follows the damage may be gone by now.
        try restart(damaging: nil)
        #expect(node.store?.recovery.failures.map(\.reason) == [.logDamaged(.position(last))])
    }
}
