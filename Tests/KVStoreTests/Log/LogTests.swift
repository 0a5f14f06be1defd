import Raft
import Testing

@testable import KVStore

@Suite struct LogTests {
    private let group = PartitionID(7)

    private func entry(_ index: UInt64, _ term: UInt64, _ bytes: [UInt8] = [1, 2, 3]) -> Entry {
        Entry(index: LogIndex(index), term: Term(term), payload: .command(bytes))
    }

    private func started(_ options: LogOptions = .small) throws -> LogHarness {
        let harness = LogHarness(seed: 1)
        harness.options = options
        try harness.start()
        try harness.append(.create(group))
        return harness
    }

    @Test func aLogBeginsOnceAndOnlyWhereThereIsNone() throws {
        let disk = SimulatedDisk(seed: 1)
        let directory = disk.directory("log")
        #expect(throws: LogError.missing) { try WriteAheadLog.open(in: directory) }
        let log = try WriteAheadLog.create(in: directory, identity: 1, options: .small)
        #expect(throws: LogError.alreadyExists) { try WriteAheadLog.create(in: directory, identity: 1) }
        try log.close()
        #expect(throws: LogError.self) { try log.append(.create(PartitionID(1))) }
    }

    @Test func aLogIsOpenOnceAtATime() throws {
        let disk = SimulatedDisk(seed: 1)
        let log = try WriteAheadLog.create(in: disk.directory("log"), identity: 1, options: .small)
        let names = disk.fileNames("log")
        #expect(throws: LogError.locked) { try WriteAheadLog.open(in: disk.directory("log"), options: .small) }
        #expect(disk.fileNames("log") == names)
        try log.close()
        let again = try WriteAheadLog.open(in: disk.directory("log"), options: .small).log
        #expect(throws: LogError.locked) { try WriteAheadLog.open(in: disk.directory("log"), options: .small) }
        disk.kill()
        _ = try WriteAheadLog.open(in: disk.directory("log"), options: .small)
        #expect(again.isPending == false)
    }

    @Test func nothingIsDurableOrReadableBeforeSync() throws {
        let harness = try started()
        try harness.append(.entries(group, [entry(1, 1)]))
        #expect(try harness.log?.read(group, from: LogIndex(1), maxBytes: 10) == [])
        try harness.sync()
        #expect(try harness.log?.read(group, from: LogIndex(1), maxBytes: 10) == [entry(1, 1)])
        #expect(harness.log?.last(of: group) == LogPosition(term: Term(1), index: LogIndex(1)))
    }

    @Test func manyGroupsShareOneWriteAndOneSynchronization() throws {
        let harness = try started()
        for id in 100..<116 as Range<UInt64> { try harness.append(.create(PartitionID(id))) }
        try harness.sync()
        let before = harness.disk.operations
        for id in 100..<116 as Range<UInt64> { try harness.append(.entries(PartitionID(id), [entry(1, 1)])) }
        try harness.sync()
        // Zeros ahead, the batch, the synchronisation, the ledger.
        #expect(harness.disk.operations - before <= 4)
    }

    @Test func aBatchReplacesEverythingFromItsFirstIndexOn() throws {
        let harness = try started()
        try harness.append(.entries(group, [entry(1, 1), entry(2, 1), entry(3, 1), entry(4, 1)]))
        try harness.sync()
        try harness.append(.entries(group, [entry(3, 2, [9])]))
        try harness.sync()
        let expected = [entry(1, 1), entry(2, 1), entry(3, 2, [9])]
        #expect(try harness.log?.read(group, from: LogIndex(1), maxBytes: 1000) == expected)
        #expect(harness.log?.term(of: group, at: LogIndex(2)) == Term(1))
        #expect(harness.log?.term(of: group, at: LogIndex(4)) == nil)
        harness.losePower(.nothing)
        try harness.start()
    }

    @Test func aReadStaysWithinItsBytesYetReturnsOneEntry() throws {
        let harness = try started()
        let large = [UInt8](repeating: 5, count: 1000)
        let size = EntryPayload.command(large).sizeBytes
        try harness.append(.entries(group, [entry(1, 1, large), entry(2, 1, large)]))
        try harness.append(.entries(group, [entry(3, 1, large)]))
        try harness.sync()
        #expect(try harness.log?.read(group, from: LogIndex(1), maxBytes: 10).count == 1)
        #expect(try harness.log?.read(group, from: LogIndex(1), maxBytes: 2 * size).count == 2)
        #expect(try harness.log?.read(group, from: LogIndex(2), maxBytes: 9000).count == 2)
    }

    @Test func entriesThatGainFromItAreCompressed() throws {
        let dull = try started()
        let random = try started()
        var generator = SeededGenerator(seed: 3)
        try dull.append(.entries(group, [entry(1, 1, [UInt8](repeating: 7, count: 5000))]))
        let noise = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        try random.append(.entries(group, [entry(1, 1, noise)]))
        for harness in [dull, random] {
            try harness.sync()
            harness.kill()
            try harness.start()
        }
        let dullBytes = try #require(dull.log?.usedBytes)
        let randomBytes = try #require(random.log?.usedBytes)
        #expect(dullBytes + 4000 < randomBytes)
    }

    @Test func anEntryThatIsCompactedMeanwhileIsNoLongerThere() throws {
        let harness = try started()
        try harness.append(.entries(group, [entry(1, 1), entry(2, 1), entry(3, 1)]))
        try harness.append(.compact(group, through: LogIndex(2)))
        try harness.sync()
        for index in 0...2 as ClosedRange<UInt64> {
            #expect(try harness.log?.read(group, from: LogIndex(index), maxBytes: 1000) == [])
        }
        #expect(try harness.log?.read(group, from: LogIndex(3), maxBytes: 1000) == [entry(3, 1)])
    }

    @Test func aDestroyedReplicaKeepsItsHardState() throws {
        let harness = try started()
        let hardState = HardState(term: Term(5), vote: NodeID(2), commit: .zero)
        try harness.append(.hardState(group, hardState))
        try harness.append(.entries(group, [entry(1, 1)]))
        try harness.append(.destroy(group))
        try harness.sync()
        harness.losePower(.nothing)
        let (_, recovery) = try WriteAheadLog.open(in: harness.disk.directory("log"), options: .small)
        let found = try #require(recovery.groups.first)
        #expect(found.lifecycle == .destroyed)
        #expect(found.hardState == hardState)
        #expect(found.last == .origin)
    }

    @Test func anInstalledSnapshotIsRememberedUntilItsEndIsCompacted() throws {
        let harness = try started()
        let metadata = SnapshotMetadata(
            position: LogPosition(term: Term(4), index: LogIndex(50)),
            configuration: Configuration(voters: [NodeID(1), NodeID(2)])
        )
        try harness.append(.entries(group, [entry(1, 1)]))
        try harness.append(.install(group, metadata))
        try harness.append(.entries(group, [entry(51, 4), entry(52, 4)]))
        try harness.sync()
        harness.kill()
        try harness.start()
        #expect(harness.model.groups[group]?.installed == metadata)
        try harness.append(.compact(group, through: LogIndex(51)))
        try harness.sync()
        harness.kill()
        try harness.start()
        #expect(harness.model.groups[group]?.installed == nil)
    }

    @Test func whatDoesNotFitIntoABatchIsRefusedAndWhatDoesIsSplit() throws {
        let harness = try started()
        let tooLarge = entry(1, 1, [UInt8](repeating: 1, count: 9000))
        #expect(throws: LogError.tooLarge(bytes: 9032, limit: 8192 - 256)) {
            try harness.log?.append(.entries(group, [tooLarge]))
        }
        var generator = SeededGenerator(seed: 3)
        let many = (1...30 as ClosedRange<UInt64>).map { index in
            entry(index, 1, (0..<1000).map { _ in UInt8.random(in: 0...255, using: &generator) })
        }
        try harness.append(.entries(group, many))
        try harness.sync()
        #expect(try harness.log?.read(group, from: LogIndex(1), maxBytes: 100_000) == many)
        harness.losePower(.nothing)
        try harness.start()
    }

    @Test func whatNoReaderAcceptsIsNotWritten() throws {
        let harness = try started()
        try harness.sync()
        let beyond = LogIndex(LogIndex.max.rawValue + 1)
        let members = Configuration(voters: (0...65_536).map { NodeID($0) })
        func metadata(_ position: LogPosition) -> SnapshotMetadata {
            SnapshotMetadata(position: position, configuration: Configuration(voters: [NodeID(1)]))
        }
        let position = LogPosition(term: Term(1), index: LogIndex(9))
        let refused: [LogRecord] = [
            .entries(group, [entry(1, Term.max.rawValue + 1)]),
            .entries(group, [Entry(index: LogIndex(1), term: Term(1), payload: .configuration(members))]),
            .hardState(group, HardState(term: Term(1), vote: nil, commit: beyond)),
            .hardState(group, HardState(term: Term(Term.max.rawValue + 1), vote: nil, commit: .zero)),
            .install(group, metadata(LogPosition(term: Term(1), index: beyond))),
            .install(group, metadata(LogPosition(term: Term(.max), index: LogIndex(9)))),
            .install(group, SnapshotMetadata(position: position, configuration: members)),
        ]
        for record in refused {
            let alone = #expect(throws: LogError.self) { try harness.log?.append(record) }
            let together = #expect(throws: LogError.self) { try harness.log?.append([.repaired(group), record]) }
            for error in [alone, together] {
                switch error {
                case .unreadable, .tooLarge: break
                default: Issue.record("\(String(describing: error)) for \(record)")
                }
            }
        }
        let atTheEnd = LogPosition(term: .max, index: .max)
        try harness.append(.install(group, metadata(atTheEnd)))
        #expect(throws: LogError.self) {
            try harness.log?.append(.entries(group, [entry(LogIndex.max.rawValue + 1, Term.max.rawValue)]))
        }
        try harness.sync()
        harness.losePower(.nothing)
        try harness.start()
    }

    @Test func moreGroupsThanARosterCanNameAreRefused() throws {
        let harness = try started()
        let members = Configuration(voters: (0..<60_000).map { NodeID(.max - $0) })
        let metadata = SnapshotMetadata(
            position: LogPosition(term: Term(1), index: LogIndex(1)),
            configuration: members
        )
        var refusal: LogError?
        for id in 100..<300 as Range<UInt64> where refusal == nil {
            do {
                try harness.append(.create(PartitionID(id)))
                try harness.append(.install(PartitionID(id), metadata))
            } catch let error as LogError {
                refusal = error
            }
        }
        guard case .unreadable = refusal else {
            Issue.record("\(String(describing: refusal))")
            return
        }
        try harness.sync()
        for id in 1000...1001 as ClosedRange<UInt64> {
            harness.losePower(.nothing)
            try harness.start()
            try harness.append(.create(PartitionID(id)))
            try harness.sync()
        }
    }

    @Test func manyEntriesAreKeptInRecordsThatAreQuickToRead() throws {
        let harness = try started(LogOptions())
        let command = [UInt8](repeating: 1, count: 16 << 10)
        let entries = (1...64 as ClosedRange<UInt64>).map { entry($0, 1, command) }
        let large = entry(65, 1, [UInt8](repeating: 1, count: 1 << 20))
        try harness.append(.entries(group, entries + [large, entry(66, 1)]))
        try harness.sync()
        let locators = try #require(harness.log?.groups[group]?.locators)
        #expect(locators.allSatisfy { $0.last.distance(from: $0.first) < 16 })
        #expect(try harness.log?.read(group, from: LogIndex(1), maxBytes: .max) == entries + [large, entry(66, 1)])
    }

    @Test func pendingEntriesOfOneTermAreOneRun() {
        var pending = PendingGroup(nil, id: group)
        for index in 1...5 as ClosedRange<UInt64> { pending.append([entry(index, 1)]) }
        pending.append([entry(4, 2), entry(5, 2)])
        pending.append([entry(6, 2), entry(7, 3)])
        let runs = [(1, 1), (4, 2), (7, 3)].map { TermRun(first: LogIndex($0.0), term: Term($0.1)) }
        #expect(pending.runs == runs)
        #expect(pending.term(at: LogIndex(6), durable: nil) == Term(2))
    }

    @Test func aFullDiskIsToldAndLeftWithoutLoss() throws {
        let harness = try started()
        var records = RecordGenerator(seed: 8)
        harness.disk.capacityBytes = 80 << 10
        var refusals = 0
        for _ in 0..<3 {
            for _ in 0..<400 {
                try harness.append(records.next(for: harness.model))
                do {
                    try harness.sync()
                } catch let error as LogError where error == .noSpace {
                    refusals += 1
                    break
                }
            }
            // Reads go on, and so does everything once there is room.
            _ = try harness.log?.read(PartitionID(1), from: LogIndex(1 << 40), maxBytes: 1)
            harness.disk.capacityBytes = (harness.disk.capacityBytes ?? 0) + (64 << 10)
            try harness.sync()
        }
        #expect(refusals > 0)
        harness.losePower(.nothing)
        try harness.start()
    }

    @Test func filesOfANewerVersionAreRefusedNotTakenForDamage() throws {
        let harness = try started()
        try harness.sync()
        harness.kill()
        let name = "00000000000000000001.segment"
        var header = try #require(harness.disk.contents("log", name)).prefix(508).map { $0 }
        header[8] = 2
        let checksum = header.withUnsafeBytes { Checksum.of($0) }
        withUnsafeBytes(of: checksum.littleEndian) { header.append(contentsOf: $0) }
        harness.disk.overwrite("log", name, at: 0, with: header)
        #expect(throws: LogError.version(file: name, version: 2)) {
            try WriteAheadLog.open(in: harness.disk.directory("log"), options: .small)
        }
    }
}
