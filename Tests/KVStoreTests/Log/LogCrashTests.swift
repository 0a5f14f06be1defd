import KVStore
import Raft
import Testing

/// Whatever was acknowledged is found again after any crash; of what was not, a prefix may be.
@Suite struct LogCrashTests {
    /// Appends, synchronises, settles and reclaims at random, until the power fails if it does.
    private func work(_ harness: LogHarness, _ records: inout RecordGenerator, steps: Int) throws {
        for _ in 0..<steps {
            try harness.append(records.next(for: harness.model))
            switch Int.random(in: 0..<20, using: &records.random) {
            case 0..<8: try harness.sync()
            case 8: try harness.log?.settle()
            case 9: try harness.reclaim()
            default: break
            }
        }
        try harness.sync()
    }

    @Test(arguments: 0..<60)
    func randomHistoriesSurviveRandomCrashes(seed: UInt64) throws {
        let harness = LogHarness(seed: seed)
        var records = RecordGenerator(seed: seed)
        for _ in 0..<12 {
            let failure = harness.disk.operations + Int.random(in: 1...150, using: &records.random)
            if Bool.random(using: &records.random) { harness.disk.powerFails(atOperation: failure) }
            do {
                try harness.start()
                try work(harness, &records, steps: 40)
            } catch let error as LogError where error == .disk(.poweredOff) {
                harness.losePower()
                continue
            }
            if Bool.random(using: &records.random) { harness.kill() } else { harness.losePower() }
        }
        harness.losePower(.nothing)
        try harness.start()
    }

    @Test(arguments: [SimulatedDisk.Survival.nothing, .everything, .some])
    func everyOperationMayBeTheLast(survival: SimulatedDisk.Survival) throws {
        let dryRun = LogHarness(seed: 1)
        var dryRecords = RecordGenerator(seed: 5)
        try dryRun.start()
        try work(dryRun, &dryRecords, steps: 90)
        #expect(dryRun.disk.operations > 100)

        for operation in 1...dryRun.disk.operations {
            let harness = LogHarness(seed: UInt64(operation))
            var records = RecordGenerator(seed: 5)
            harness.disk.powerFails(atOperation: operation)
            let error = #expect(throws: LogError.self) {
                try harness.start()
                try work(harness, &records, steps: 90)
            }
            #expect(error == .disk(.poweredOff))
            harness.losePower(survival)
            try harness.start()
            // What recovery told must stay true, even if nothing else becomes durable any more.
            harness.losePower(.nothing)
            try harness.start()
            try work(harness, &records, steps: 5)
            harness.losePower(.nothing)
            try harness.start()
        }
    }

    @Test func aProcessMayDieAnywhereAndThePowerFailAfterItsRestart() throws {
        let dryRun = LogHarness(seed: 1)
        var dryRecords = RecordGenerator(seed: 5)
        try dryRun.start()
        try work(dryRun, &dryRecords, steps: 200)
        #expect((dryRun.log?.segmentCount ?? 0) > 1)

        for operation in 1...dryRun.disk.operations {
            let harness = LogHarness(seed: UInt64(operation))
            var records = RecordGenerator(seed: 5)
            harness.disk.powerFails(atOperation: operation)
            #expect(throws: LogError.disk(.poweredOff)) {
                try harness.start()
                try work(harness, &records, steps: 200)
            }
            // The page cache outlives the process; then what it had not written goes.
            harness.kill()
            try harness.start()
            harness.losePower(.nothing)
            try harness.start()
        }
    }

    @Test func theHarnessNoticesASynchronizationThatLies() throws {
        var losses = 0
        for seed in 0..<20 as Range<UInt64> {
            let harness = LogHarness(seed: seed)
            var records = RecordGenerator(seed: seed)
            try harness.start()
            try harness.append(.create(PartitionID(1)))
            try harness.sync()
            harness.disk.liesAboutSynchronization = true
            try work(harness, &records, steps: 40)
            harness.losePower()
            harness.disk.liesAboutSynchronization = false
            if (try? harness.start()) == nil { losses += 1 }
        }
        #expect(losses >= 10)
    }

    @Test(arguments: 0..<40)
    func aFailedSynchronizationStopsTheLogForGood(seed: UInt64) throws {
        let harness = LogHarness(seed: seed)
        var records = RecordGenerator(seed: seed)
        try harness.start()
        try work(harness, &records, steps: 20)
        harness.disk.failSynchronization(after: Int(seed % 7))
        var stopped: LogError?
        for _ in 0..<40 where stopped == nil {
            do {
                try harness.append(records.next(for: harness.model))
                try harness.sync()
            } catch let error as LogError {
                stopped = error
            }
        }
        let failure = LogError.disk(.synchronization(code: 5))
        try #require(stopped == failure)
        let record = LogRecord.create(PartitionID(99))
        #expect(throws: failure) { try harness.log?.append(record) }
        #expect(throws: failure) { try harness.log?.sync() }
        #expect(throws: failure) { try harness.log?.read(PartitionID(1), from: LogIndex(1), maxBytes: 1) }

        // The page cache shows what the failed synchronisation did not save. A restart must not believe it blindly.
        harness.kill()
        try harness.start()
        harness.losePower(.nothing)
        try harness.start()
    }
}
