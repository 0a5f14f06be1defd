import IDGen
import Testing

private let start = SnowflakeID.epoch + 1_000

private func lease(milliseconds: UInt64 = 10, worker: UInt16 = 3) -> WorkerLease {
    WorkerLease(worker: worker, from: start, upTo: start + milliseconds, token: 1)
}

@Suite struct SnowflakeMinterTests {
    @Test func aMillisecondHasNoMoreIdsThanTheFormat() {
        var minter = SnowflakeMinter(lease())
        var ids: [SnowflakeID] = []
        #expect(minter.mint(upTo: 5_000, into: &ids, at: start) == .waitForNextMillisecond)
        #expect(ids.count == 4_096)
        #expect(minter.mint(upTo: 5_000, into: &ids, at: start + 1) == nil)
        #expect(ids.count == 5_000)
        #expect(Set(ids).count == 5_000)
        #expect(ids == ids.sorted())
        #expect(ids.allSatisfy { $0.worker == 3 })
    }

    @Test func aClockThatStepsBackFindsTheMinterWhereItWas() {
        var minter = SnowflakeMinter(lease())
        var ids: [SnowflakeID] = []
        #expect(minter.mint(upTo: 1, into: &ids, at: start + 5) == nil)
        #expect(minter.mint(upTo: 2, into: &ids, at: start - 500) == nil)
        #expect(ids[1] > ids[0])
        #expect(ids[1].millisecondsSince1970 == start + 5)
    }

    @Test func aClockThatWasSetBackIsNotWaitedFor() {
        var minter = SnowflakeMinter(lease())
        var ids: [SnowflakeID] = []
        #expect(minter.mint(upTo: 1, into: &ids, at: start + 5) == nil)
        #expect(minter.mint(upTo: 10_000, into: &ids, at: start) == nil)
        #expect(ids.last.map(\.millisecondsSince1970) == start + 7)
    }

    @Test func noIdLiesOutsideItsLease() {
        var minter = SnowflakeMinter(lease(milliseconds: 2))
        var ids: [SnowflakeID] = []
        #expect(minter.mint(upTo: 1, into: &ids, at: 0) == nil)
        #expect(ids[0].millisecondsSince1970 == start)
        #expect(minter.mint(upTo: 2, into: &ids, at: start + 2) == .leaseIsOver)
        // Its time has gone behind the lease: it does not come back.
        #expect(minter.mint(upTo: 2, into: &ids, at: start) == .leaseIsOver)
        #expect(ids.count == 1)
        #expect(minter.millisecondsLeft(at: start) == 0)
    }

    @Test func aRenewedLeaseGoesOnWhereTheOldOneEnded() {
        var minter = SnowflakeMinter(lease(milliseconds: 2))
        var ids: [SnowflakeID] = []
        #expect(minter.mint(upTo: 20_000, into: &ids, at: 0) == .leaseIsOver)
        #expect(ids.count == 8_192)
        minter.renew(WorkerLease(worker: 3, from: start, upTo: start + 4, token: 1))
        #expect(minter.mint(upTo: 20_000, into: &ids, at: 0) == .leaseIsOver)
        #expect(ids.count == 16_384)
        #expect(Set(ids).count == 16_384)
    }

    @Test func partsAreFoundAgainInAnId() throws {
        let id = SnowflakeID(milliseconds: SnowflakeID.millisecondCount - 1, worker: 1_023, sequence: 4_095)
        #expect(id.rawValue == UInt64(Int64.max))
        #expect(id.milliseconds == SnowflakeID.millisecondCount - 1)
        #expect(id.worker == 1_023)
        #expect(id.sequence == 4_095)
        #expect(SnowflakeID(id.description) == id)
        for text in ["", "0", "01", "-1", "+1", "9223372036854775808", "1 "] { #expect(SnowflakeID(text) == nil) }
    }
}
