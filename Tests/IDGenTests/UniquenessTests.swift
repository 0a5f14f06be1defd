import Domain
import IDGen
import KVStore
import ModelStore
import NIOConcurrencyHelpers
import Raft
import Testing

private let start: UInt64 = 1_750_000_000_000

/// A process that mints, with a clock that does what clocks do, and some that they should not.
private struct Process {
    var minter: SnowflakeMinter?
    /// How far the clock is from cluster time, in milliseconds.
    var skew: Int64 = 0
    var last = SnowflakeID(rawValue: 1)

    /// Mints what it can; a new lease where it needs one.
    mutating func mint(_ count: Int, _ leases: WorkerLeases, at time: UInt64) async throws -> [SnowflakeID] {
        var ids: [SnowflakeID] = []
        guard var minter else {
            self.minter = SnowflakeMinter(try await leases.grant().lease)
            skew = 0
            return []
        }
        let clock = UInt64(max(0, Int64(time) + skew))
        if minter.mint(upTo: count, into: &ids, at: clock) == .leaseIsOver {
            guard let grant = try await leases.renew(minter.lease) else {
                self.minter = nil
                return ids
            }
            minter.renew(grant.lease)
        }
        self.minter = minter
        return ids
    }
}

/// Processes mint, pause, restart, and their clocks step; the store loses answers: no id comes twice, and each process's
/// ids rise.
@Test(arguments: 1...12 as ClosedRange<UInt64>)
func noIdComesTwiceWhateverClocksAndProcessesDo(_ seed: UInt64) async throws {
    let backend = ModelBackend(seed: seed, startMilliseconds: start, failures: .each(perMille: 30))
    let leases = WorkerLeases(Database(backend), length: .seconds(1))
    var generator = SeededGenerator(seed: seed)
    var processes = (0..<5).map { _ in Process() }
    var seen: Set<SnowflakeID> = []
    var minted = 0
    for _ in 0..<2_000 {
        let number = Int(generator.next() % 5)
        switch generator.next() % 40 {
        case 0: processes[number] = Process()
        case 1: processes[number].skew -= Int64(generator.next() % 2_000)
        case 2: processes[number].skew += Int64(generator.next() % 2_000)
        case 3: backend.advance(by: .milliseconds(Int64(generator.next() % 3_000)))
        default:
            if generator.next() % 4 == 0 { backend.advance(by: .milliseconds(Int64(generator.next() % 20))) }
            let count = Int(generator.next() % (generator.next() % 50 == 0 ? 6_000 : 20))
            let time = start + UInt64(backend.now.nanoseconds) / 1_000_000
            guard let ids = try? await processes[number].mint(count, leases, at: time) else { continue }
            minted += ids.count
            seen.formUnion(ids)
            let inOrder = [processes[number].last].compactMap { $0 } + ids
            #expect(zip(inOrder, inOrder.dropFirst()).allSatisfy { $0 < $1 })
            processes[number].last = inOrder.last
        }
    }
    #expect(seen.count == minted)
    #expect(minted > 5_000)
}

@Suite struct SnowflakeSourceTests {
    private let backend = ModelBackend()

    private func source(leaseLength: Duration = .seconds(60)) -> SnowflakeSource {
        let backend = backend
        return SnowflakeSource(
            Database(backend),
            leaseLength: leaseLength,
            SnowflakeSource.Surroundings(now: { backend.now }, sleep: { backend.advance(by: $0) })
        )
    }

    @Test func manyCallersOfOneSourceGetDifferentIds() async throws {
        let source = source()
        let all = try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for _ in 0..<50 { group.addTask { try await source.mint(300) } }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(all).count == 15_000)
    }

    @Test func twoSourcesNeverShareAWorker() async throws {
        let first = try await source().mint(1)[0]
        let second = try await source().mint(1)[0]
        #expect(SnowflakeID(rawValue: first)?.worker != SnowflakeID(rawValue: second)?.worker)
    }

    @Test func afterALongPauseTheWorkerMayBeSomebodyElses() async throws {
        let first = source(leaseLength: .seconds(1))
        let before = try await first.mint(1)[0]
        backend.advance(by: .seconds(3_600))
        let other = try await source().mint(1)[0]
        let after = try await first.mint(1)[0]
        #expect(SnowflakeID(rawValue: other)?.worker == SnowflakeID(rawValue: before)?.worker)
        #expect(SnowflakeID(rawValue: after)?.worker != SnowflakeID(rawValue: other)?.worker)
        #expect(after > before)
    }

    @Test func theLeaseIsRenewedAfterHalfOfIt() async throws {
        let backend = backend
        let sleeps = NIOLockedValueBox<[Duration]>([])
        let source = SnowflakeSource(
            Database(backend),
            leaseLength: .seconds(10),
            SnowflakeSource.Surroundings(
                now: { backend.now },
                sleep: { duration in
                    backend.advance(by: duration)
                    let count = sleeps.withLockedValue { sleeps in
                        sleeps.append(duration)
                        return sleeps.count
                    }
                    // The keeper ends with its task; this is where one would notice.
                    if count > 3 { withUnsafeCurrentTask { $0?.cancel() } }
                    try Task.checkCancellation()
                }
            )
        )
        await withTaskGroup(of: Void.self) { $0.addTask { await source.keepLease() } }
        let first = sleeps.withLockedValue { $0 }.prefix(3)
        #expect(first.allSatisfy { (.milliseconds(4_900)...Duration.milliseconds(5_000)).contains($0) })
        // While it was kept, nobody asked for a lease of his own.
        #expect(backend.contents.count == 1)
    }

    @Test func withoutAStoreThereIsAnErrorAndNoId() async throws {
        backend.failures = FailureOdds(noLeader: 1_000)
        let source = source()
        await #expect(throws: TransactionError.noLeader) { try await source.mint(1) }
        backend.failures = .none
        #expect(try await source.mint(1).count == 1)
    }
}
