import KVStore
import Raft
import Testing

/// What one call appends is found again together, or in parts that could have been.
@Suite struct LogUnitTests {
    private let group = PartitionID(1)
    private let busy = PartitionID(2)
    private let path = LogHarness.path

    private func entries(_ range: ClosedRange<UInt64>, _ term: UInt64, _ bytes: Int) -> [Entry] {
        var random = SeededGenerator(seed: range.lowerBound)
        return range.map { index in
            let noise = (0..<bytes).map { _ in UInt8.random(in: 0...255, using: &random) }
            return Entry(index: LogIndex(index), term: Term(term), payload: .command(noise))
        }
    }

    /// A log of both groups, the second of which has nearly filled a batch.
    private func started(_ disk: SimulatedDisk) throws -> WriteAheadLog {
        let log = try WriteAheadLog.create(in: disk.directory(path), identity: 1, options: .tiny)
        try log.append(.create(group))
        try log.append(.create(busy))
        try log.append([
            .hardState(group, HardState(term: Term(1), vote: nil, commit: LogIndex(2))),
            .entries(group, entries(1...4, 1, 20)),
        ])
        try log.sync()
        try log.append(.entries(busy, entries(1...1, 1, 3500)))
        return log
    }

    private func request(_ count: UInt64, _ bytes: Int, installs: Bool) -> [LogRecord] {
        let first: UInt64 = installs ? 51 : 3
        let last = first + count - 1
        let hardState = HardState(term: Term(3), vote: NodeID(2), commit: LogIndex(last))
        let position = LogPosition(term: Term(2), index: LogIndex(50))
        let metadata = SnapshotMetadata(position: position, configuration: Configuration(voters: [NodeID(1)]))
        return [.hardState(group, hardState)]
            + (installs ? [.install(group, metadata)] : [])
            + [.entries(group, entries(first...last, 3, bytes))]
    }

    /// Every state that recovery may find between nothing and all of the request, and that it is one a replica can
    /// start from.
    private func cutEverywhere(_ request: [LogRecord]) throws -> Set<LogPosition> {
        let dry = SimulatedDisk(seed: 1)
        let dryLog = try started(dry)
        let before = dry.operations
        try dryLog.append(request)
        try dryLog.sync()
        var ends: Set<LogPosition> = []
        for operation in before + 1...dry.operations {
            for survival in [SimulatedDisk.Survival.nothing, .everything] {
                let disk = SimulatedDisk(seed: UInt64(operation))
                let log = try started(disk)
                disk.powerFails(atOperation: operation)
                try log.append(request)
                #expect(throws: LogError.disk(.poweredOff)) { try log.sync() }
                disk.losePower(survival)
                let (_, recovery) = try WriteAheadLog.open(in: disk.directory(path), options: .tiny)
                let found = try #require(recovery.groups.first)
                #expect(found.floor == nil && recovery.damage.isEmpty)
                #expect(found.hardState.commit <= found.last.index, "the power failed at operation \(operation)")
                #expect(found.hardState.term >= found.last.term, "the power failed at operation \(operation)")
                #expect(found.base.index <= found.hardState.commit)
                ends.insert(found.last)
            }
        }
        return ends
    }

    @Test(arguments: [false, true])
    func oneRequestIsNotTornByTheEndOfABatch(installs: Bool) throws {
        let ends = try cutEverywhere(request(3, 300, installs: installs))
        let end = LogPosition(term: Term(3), index: LogIndex(installs ? 53 : 5))
        #expect(ends == [LogPosition(term: Term(1), index: LogIndex(4)), end])
    }

    @Test(arguments: [false, true])
    func aRequestLargerThanABatchIsCutWherePartsAreStates(installs: Bool) throws {
        let ends = try cutEverywhere(request(12, 900, installs: installs))
        #expect(ends.count == 4)
    }
}
