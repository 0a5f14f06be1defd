import Raft
import Testing

@testable import KVStore

/// The log gives back what no group needs.
@Suite struct LogSpaceTests {
    private func command(_ index: UInt64, _ random: inout SeededGenerator) -> Entry {
        let bytes = (0..<400).map { _ in UInt8.random(in: 0...255, using: &random) }
        return Entry(index: LogIndex(index), term: Term(1), payload: .command(bytes))
    }

    @Test func aGroupThatLagsForEverPinsNoSpace() throws {
        let harness = LogHarness(seed: 1)
        var random = SeededGenerator(seed: 1)
        let idle = PartitionID(1)
        let busy = PartitionID(2)
        try harness.start()
        try harness.append(.create(idle))
        try harness.append(.create(busy))
        try harness.append(.entries(idle, (1...3 as ClosedRange<UInt64>).map { command($0, &random) }))
        try harness.sync()
        var largest = 0
        for index in 1...600 as ClosedRange<UInt64> {
            try harness.append(.entries(busy, [command(index, &random)]))
            if index > 10 { try harness.append(.compact(busy, through: LogIndex(index - 10))) }
            try harness.sync()
            if index % 10 == 0 { try harness.reclaim() }
            largest = max(largest, harness.log?.segmentCount ?? 0)
        }
        #expect(largest <= 4)
        #expect(harness.disk.fileNames(LogHarness.path).count <= 2 * 4 + 1)
        #expect(try harness.log?.read(idle, from: LogIndex(1), maxBytes: 10_000).count == 3)
        harness.losePower(.nothing)
        try harness.start()
    }

    @Test func oneCallCopiesNoMoreThanItMay() throws {
        let harness = LogHarness(seed: 1)
        var random = SeededGenerator(seed: 1)
        try harness.start()
        for id in 1...10 as ClosedRange<UInt64> {
            try harness.append(.create(PartitionID(id)))
            try harness.append(.entries(PartitionID(id), [command(1, &random)]))
        }
        try harness.append(.create(PartitionID(99)))
        for index in 1...60 as ClosedRange<UInt64> {
            try harness.append(.entries(PartitionID(99), [command(index, &random)]))
            try harness.sync()
        }
        try harness.append(.compact(PartitionID(99), through: LogIndex(60)))
        try harness.sync()
        var calls = 0
        var hasMore = true
        while hasMore, let progress = try harness.log?.reclaim(maxBytes: 1000) {
            #expect(progress.copiedBytes <= 1000)
            hasMore = progress.hasMore
            calls += 1
        }
        #expect(calls >= 5)
        #expect(harness.log?.segmentCount == 1 || harness.log?.segmentCount == 2)
        harness.losePower(.nothing)
        try harness.start()
    }

    /// A log on a disk that is full but for its last `room` bytes; all its segments but the last are dead if `dead`.
    private func full(room: Int, dead: Bool) throws -> (harness: LogHarness, refusal: LogError?) {
        let harness = LogHarness(seed: 3)
        harness.options = .tiny
        var random = SeededGenerator(seed: 1)
        let group = PartitionID(1)
        try harness.start()
        try harness.append(.create(group))
        var index: UInt64 = 1
        func appendOne() throws {
            try harness.append(.entries(group, [command(index, &random)]))
            index += 1
            try harness.sync()
        }
        while harness.log?.segmentCount ?? 0 < 5 { try appendOne() }
        if dead {
            try harness.append(.compact(group, through: LogIndex(index - 1)))
            try harness.sync()
        }
        harness.disk.capacityBytes = harness.disk.usedBytes + room
        do {
            for _ in 0..<100 { try appendOne() }
        } catch let error as LogError {
            return (harness, error)
        }
        return (harness, nil)
    }

    @Test func aFullDiskIsFreedByWhatIsDead() throws {
        let (harness, refusal) = try full(room: 100, dead: true)
        #expect(refusal == .noSpace)
        let progress = try harness.log?.reclaim(maxBytes: 4096)
        #expect(progress?.segments ?? 0 >= 4)
        try harness.sync()
        harness.losePower(.nothing)
        try harness.start()
    }

    @Test func whatIsDeadIsGivenUpWithoutACopy() throws {
        let (harness, refusal) = try full(room: 100, dead: true)
        #expect(refusal == .noSpace)
        #expect(try #require(harness.log).giveUpDead() >= 4)
        try harness.sync()
        harness.losePower(.nothing)
        try harness.start()
    }

    @Test func theLastRoomIsUsedBySmallerSegments() throws {
        let (harness, refusal) = try full(room: 7 << 10, dead: false)
        #expect(refusal == .noSpace)
        // There was no room for a usual segment, yet for two with a commit each.
        #expect(harness.log?.segmentCount ?? 0 >= 7)
        harness.disk.capacityBytes = nil
        try harness.sync()
        harness.losePower(.nothing)
        try harness.start()
    }

    @Test func aLedgerThatFoundNoRoomIsNotCalledSettled() throws {
        let harness = LogHarness(seed: 3)
        try harness.start()
        try harness.append(.create(PartitionID(1)))
        try harness.sync()
        try harness.log?.settle()
        #expect(harness.log?.head?.ledgerIsSettled == true)
        harness.disk.capacityBytes = harness.disk.usedBytes
        try harness.append(.create(PartitionID(2)))
        try harness.sync()
        #expect(harness.log?.head?.ledgerIsSettled == false)
        try harness.log?.settle()
        harness.losePower(.nothing)
        try harness.start()
    }

    @Test func copiesNeverBringBackWhatAPendingRecordReplaces() throws {
        let harness = LogHarness(seed: 1)
        var random = SeededGenerator(seed: 1)
        let group = PartitionID(1)
        try harness.start()
        try harness.append(.create(group))
        try harness.append(.create(PartitionID(2)))
        try harness.append(.entries(group, (1...5 as ClosedRange<UInt64>).map { command($0, &random) }))
        try harness.sync()
        for index in 1...80 as ClosedRange<UInt64> {
            try harness.append(.entries(PartitionID(2), [command(index, &random)]))
            try harness.sync()
        }
        try harness.append(.compact(PartitionID(2), through: LogIndex(80)))
        try harness.append(.entries(group, [Entry(index: LogIndex(3), term: Term(2), payload: .noop)]))
        try harness.reclaim()
        #expect(try harness.log?.read(group, from: LogIndex(1), maxBytes: 10_000).count == 3)
        harness.losePower(.nothing)
        try harness.start()
    }
}
