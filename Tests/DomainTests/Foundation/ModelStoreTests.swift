import KVStore
import ModelStore
import Raft
import Testing

/// The model keeps the contract, or nothing that is tried against it means anything.
@Suite struct ModelStoreTests {
    private let backend = ModelBackend()
    private var database: Database { Database(backend) }
    private let a: [UInt8] = [1]
    private let b: [UInt8] = [2]

    @Test func aSnapshotStaysAsItWas() async throws {
        let first = try await database.transact { try $0.insert([1], at: a) }.timestamp
        _ = try await database.transact { $0.put([2], at: a) }
        _ = try await database.transact { $0.delete(a) }
        #expect(try await database.snapshot(at: first).get(a)?.content == .bytes([1]))
        #expect(try await database.snapshot().get(a) == nil)
    }

    @Test func soManyKeysAreReadAtOnceAndNoMore() async throws {
        let snapshot = try await database.snapshot()
        let keys = (0...TransactionLimits.operations).map { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        #expect(try await snapshot.get(Array(keys.dropLast())).count == TransactionLimits.operations)
        await #expect(throws: TransactionError.self) { try await snapshot.get(keys) }
        await #expect(throws: TransactionError.self) { try await snapshot.get([[UInt8]]()) }
    }

    @Test func ofTwoThatReadAndWriteOneSeesTheOther() async throws {
        await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    _ = try await database.transact { transaction in
                        let value = try await transaction.bytes(a)?[0] ?? 0
                        await Task.yield()
                        transaction.put([value + 1], at: a)
                    }
                }
            }
        }
        #expect(try await database.snapshot().get(a)?.content == .bytes([20]))
    }

    @Test func aRangeThatWasReadMustNotHaveGrown() async throws {
        let range = KeyRange([1], [9])
        var runs = 0
        let committed = try await database.transact { transaction in
            runs += 1
            let count = try await transaction.scan(range, limit: 10).entries.count
            if runs == 1 { _ = try await database.transact { try $0.insert([], at: b) } }
            transaction.put([UInt8(count)], at: [10])
        }
        #expect(runs == 2)
        #expect(try await database.snapshot(at: committed.timestamp).get([10])?.content == .bytes([1]))
    }

    @Test func boundsAndTypesAreKept() async throws {
        _ = try await database.transact { try $0.add(5, to: a, floor: 0) }
        await #expect(throws: TransactionError.refused(.boundReached, key: a)) {
            try await database.transact { try $0.add(-6, to: a, floor: 0) }
        }
        await #expect(throws: TransactionError.refused(.boundReached, key: a)) {
            try await database.transact { try $0.add(.max, to: a) }
        }
        await #expect(throws: TransactionError.refused(.wrongType, key: a)) {
            try await database.transact { $0.put([1], at: a) }
        }
        await #expect(throws: TransactionError.refused(.checkFailed, key: a)) {
            try await database.transact { try $0.insert([1], at: a) }
        }
        await #expect(throws: TransactionError.refused(.checkFailed, key: b)) {
            try await database.transact { $0.check(b, .exists) }
        }
        #expect(try await database.snapshot().get(a)?.content == .counter(5))
    }

    @Test func whoKeepsFailingLocksWhatItReads() async throws {
        var runs = 0
        _ = try await database.transact { transaction in
            runs += 1
            let value = try await transaction.bytes(a)
            // A younger one comes between as long as it can.
            _ = try? await database.transact(patience: .milliseconds(1)) { $0.put([9], at: a) }
            transaction.put((value ?? []) + [1], at: b)
        }
        #expect(runs == Database.lockingAfter + 1)
    }

    /// Nobody knows whether a lock that failed is there, nor under which number: what comes behind it must not commit,
    /// whatever the closure makes of the error.
    @Test func nothingIsCommittedBehindALockThatFailed() async throws {
        var runs = 0
        await #expect(throws: TransactionError.noLeader) {
            try await database.transact { transaction in
                runs += 1
                let isLocking = runs > Database.lockingAfter
                if isLocking { backend.failures = FailureOdds(noLeader: 1_000) }
                _ = try? await transaction.bytes(a)
                backend.failures = .none
                if !isLocking { _ = try? await database.transact(patience: .milliseconds(1)) { $0.put([9], at: a) } }
                transaction.put([1], at: b)
            }
        }
        #expect(runs == Database.lockingAfter + 1)
        #expect(try await database.snapshot().get(b) == nil)
    }

    @Test func anUnknownOutcomeMayComeLate() async throws {
        backend.failures = FailureOdds(unknownWithLateEffect: 1_000)
        await #expect(throws: TransactionError.unknown) { try await database.transact { try $0.insert([1], at: a) } }
        backend.failures = .none
        backend.settle()
        #expect(try await database.snapshot().get(a)?.content == .bytes([1]))
    }

    @Test func whatIsInsertedHappensOnceWhateverGetsLost() async throws {
        backend.failures = .each(perMille: 100)
        var committed = 0
        for number in 0..<300 {
            let key: [UInt8] = [7, UInt8(number >> 8), UInt8(number & 0xFF)]
            var isDone = false
            while !isDone {
                do {
                    _ = try await database.transact { transaction in
                        try transaction.insert([], at: key)
                        try transaction.add(1, to: a)
                    }
                    isDone = true
                } catch TransactionError.refused(.checkFailed, _) {
                    isDone = true
                } catch is TransactionError {}
            }
            committed += 1
        }
        backend.failures = .none
        backend.settle()
        #expect(try await database.snapshot().get(a)?.content == .counter(Int64(committed)))
    }

    @Test func aMomentThatIsForgottenCannotBeRead() async throws {
        let first = try await database.transact { try $0.insert([1], at: a) }.timestamp
        backend.forget(before: first.next)
        await #expect(throws: TransactionError.snapshotTooOld) { try await database.snapshot(at: first).get(a) }
    }
}
