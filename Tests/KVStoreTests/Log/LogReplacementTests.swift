import Raft
import Testing

@testable import KVStore

/// Damage never brings back an entry that another one replaced.
@Suite struct LogReplacementTests {
    private let group = PartitionID(1)
    private let path = LogHarness.path

    private func entries(_ range: ClosedRange<UInt64>, _ term: UInt64) -> LogRecord {
        .entries(group, range.map { Entry(index: LogIndex($0), term: Term(term), payload: .noop) })
    }

    private func commit(_ index: UInt64, _ term: UInt64) -> LogRecord {
        .hardState(group, HardState(term: Term(term), vote: nil, commit: LogIndex(index)))
    }

    private func damage(_ disk: SimulatedDisk, _ segment: Int, sectors: ClosedRange<Int>) {
        let name = disk.fileNames(path).filter { $0.hasSuffix(".segment") }[segment - 1]
        for sector in sectors { disk.corrupt(path, name, at: sector * 512 + 100, mask: 1) }
    }

    private func lastSector(_ disk: SimulatedDisk, _ segment: Int) -> Int {
        let name = disk.fileNames(path).filter { $0.hasSuffix(".segment") }[segment - 1]
        return (disk.contents(path, name)?.lastIndex { $0 != 0 } ?? 0) / 512
    }

    @Test func aRosterTellsWhatTheLostBatchBeforeItReplaced() throws {
        let harness = LogHarness(seed: 3)
        harness.options = .tiny
        try harness.start()
        try harness.append(.create(group))
        try harness.sync()
        for records in [[commit(4, 1), entries(1...10, 1)], [commit(10, 2), entries(5...10, 2)]] {
            for record in records { try harness.append(record) }
            try harness.sync()
        }
        // The lines of the ledger go; the batches stay.
        harness.losePower(.nothing)
        try harness.start()
        let replaced = lastSector(harness.disk, 1)
        try harness.append(.create(PartitionID(2)))
        try harness.sync()
        #expect(harness.log?.segmentCount == 2)
        harness.kill()
        damage(harness.disk, 1, sectors: replaced...replaced)
        let (log, recovery) = try WriteAheadLog.open(in: harness.disk.directory(path), options: .tiny)
        let found = try #require(recovery.groups.first)
        #expect(found.floor == .position(LogPosition(term: Term(2), index: LogIndex(10))))
        #expect(found.last == LogPosition(term: Term(1), index: LogIndex(4)))
        #expect(found.hardState.commit == LogIndex(4))
        #expect(found.writtenCommit == LogIndex(10))
        #expect(try log.read(group, from: LogIndex(1), maxBytes: 1000).count == 4)
    }

    @Test func whatNobodyAttestsLeavesOnlyWhatWasCommittedBefore() throws {
        let harness = LogHarness(seed: 3)
        harness.options = .tiny
        try harness.start()
        // One sector each. The block that is lost holds the replacement and the batch that attests it.
        let other = PartitionID(2)
        for record in [.create(group), commit(4, 1), entries(1...10, 1), entries(5...10, 2), .create(other)] {
            try harness.append(record)
            try harness.sync()
        }
        let lost = lastSector(harness.disk, 1)
        try harness.append(commit(10, 2))
        try harness.sync()
        while harness.log?.segmentCount == 1 {
            try harness.append(.hardState(other, .initial))
            try harness.sync()
        }
        harness.kill()
        damage(harness.disk, 1, sectors: lost - 1...lost)
        harness.disk.shorten(path, harness.disk.fileNames(path)[0], to: 512)
        let (_, recovery) = try WriteAheadLog.open(in: harness.disk.directory(path), options: .tiny)
        let found = try #require(recovery.groups.first)
        #expect(found.floor == .position(LogPosition(term: Term(2), index: LogIndex(10))))
        #expect(found.last == LogPosition(term: Term(1), index: LogIndex(4)))
    }

    /// A log that lost its power a few times, and what it held in the end.
    private func history(_ seed: UInt64) throws -> LogHarness {
        let harness = LogHarness(seed: seed)
        harness.options = .tiny
        var records = RecordGenerator(seed: seed)
        records.groupCount = 3
        records.keepsCommitted = true
        for life in 0..<3 {
            try harness.start()
            for _ in 0..<14 {
                for _ in 0..<2 { try harness.append(records.next(for: harness.model)) }
                try harness.sync()
            }
            if life == 1 { try harness.reclaim() }
            harness.losePower(.nothing)
        }
        try harness.start()
        try harness.append(.create(PartitionID(90)))
        try harness.sync()
        harness.kill()
        return harness
    }

    /// Holds every group that has a floor against the truth, and counts those groups.
    private func examine(_ disk: SimulatedDisk, _ truth: LogModel, _ fault: String) throws -> Int {
        let (log, recovery) = try WriteAheadLog.open(in: disk.directory(path), options: .tiny)
        var hurt = 0
        for found in recovery.groups {
            let truly = try #require(truth.groups[found.group])
            let group = try LogModel.Group(found, log)
            guard let floor = found.floor else {
                #expect(group == truly, "\(fault), group \(found.group)")
                continue
            }
            hurt += 1
            // Where the floor is unknown, entries behind the commit index are of the same moment as the hard state.
            let end = floor == .unknown ? group.hardState.commit : group.last.index
            let strange = group.entries.first { entry in
                guard entry.index > truly.base.index, entry.index <= end else { return false }
                return entry.index > truly.last.index
                    || truly.entries[entry.index.distance(from: truly.base.index) - 1] != entry
            }
            #expect(strange == nil, "\(fault), group \(found.group)")
            if case .position(let position) = floor { #expect(position == truly.last) }
        }
        return hurt
    }

    @Test(arguments: 0..<40, [512, 4096])
    func noDamagedPlaceBringsBackWhatWasReplaced(seed: UInt64, width: Int) throws {
        let harness = try history(seed)
        var hurt = 0
        for name in harness.disk.fileNames(path) where name.hasSuffix(".segment") {
            let size = harness.disk.contents(path, name)?.count ?? 0
            for place in stride(from: 0, to: size, by: width) {
                let disk = harness.disk.copy(seed: 1)
                for offset in stride(from: place, to: min(size, place + width), by: 512) {
                    disk.corrupt(path, name, at: offset + 77, mask: 3)
                }
                hurt += try examine(disk, harness.model, "\(name) at \(place)")
            }
        }
        #expect(hurt > 0)
    }
}
