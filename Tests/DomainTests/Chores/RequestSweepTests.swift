import KVStore
import ModelStore
import Testing

@testable import Domain

/// Records of requests go when their time is over, and nothing else goes with them.
@Suite struct RequestSweepTests {
    private let platform = TestPlatform()

    /// A whole pass, and how many steps it took.
    @discardableResult
    private func sweep() async throws -> (removed: Int, steps: Int) {
        let sweep = RequestSweep(platform.services.database)
        var (removed, steps): (Int, Int) = (0, 0)
        var place: RequestSweep.Place?
        repeat {
            let step = try await sweep.step(from: place)
            removed += step.removed
            steps += 1
            place = step.next
        } while place != nil
        return (removed, steps)
    }

    private var records: Int { platform.model.contents.filter { $0.key[3] == Table.requests.rawValue }.count }

    @Test func aKeyIsHonouredForTwoDaysAndNotForEver() async throws {
        let cause = try await platform.cause()
        try await platform.take(100, key: "a")
        let first = try await platform.give([(cause, 7)], key: "g")
        platform.model.advance(by: RequestSweep.kept - .seconds(60))
        #expect(try await sweep().removed == 0)
        let replay = try await platform.give([(cause, 7)], key: "g")
        #expect(replay.isReplay && replay.conclusion == first.conclusion)
        platform.model.advance(by: .seconds(120))
        #expect(try await sweep().removed == 2)
        #expect(records == 0)
        #expect(try await !platform.give([(cause, 7)], key: "g").isReplay)
        #expect(try await platform.available() == 86)
        #expect(try await platform.breaches() == [])
    }

    @Test func nothingButRecordsThatAreOverIsRemoved() async throws {
        let cause = try await platform.cause()
        for user in 1...300 as ClosedRange<UInt64> {
            try await platform.take(10, by: UserID(user), key: "a")
            try await platform.give([(cause, 1)], from: UserID(user), key: "g")
        }
        #expect(try await platform.give([(cause, 100)], from: UserID(1), key: "poor").refusal == "insufficient-funds")
        platform.model.advance(by: RequestSweep.kept + .seconds(1))
        try await platform.give([(cause, 1)], from: UserID(2), key: "young")
        let others = platform.model.contents.filter { $0.key[3] != Table.requests.rawValue }
        let swept = try await sweep()
        #expect(swept.removed == 601)
        #expect(swept.steps > 10)
        #expect(records == 1)
        #expect(platform.model.contents.filter { $0.key[3] != Table.requests.rawValue } == others)
        #expect(try await sweep().removed == 0)
        #expect(try await platform.breaches() == [])
    }

    @Test func manyRecordsOfOneUserAreRemovedPageByPage() async throws {
        let cause = try await platform.cause()
        try await platform.take(1_000, key: "a")
        for number in 0..<250 { try await platform.give([(cause, 1)], key: "\(number)") }
        platform.model.advance(by: RequestSweep.kept + .seconds(1))
        #expect(try await sweep().removed == 251)
        #expect(records == 0)
    }

    /// A gateway that never answers, and a store that is away when the answer is to be recorded.
    private struct Silence: PaymentGateway {
        let model: ModelBackend
        let sources = "tok_ok"

        func accepts(_ source: String) -> Bool { true }

        func charge(_ charge: Charge) async -> ChargeAnswer {
            model.failures = FailureOdds(noLeader: 1_000)
            return .processing
        }

        func status(of charge: Charge, age: Duration) async -> ChargeAnswer { .processing }
    }

    @Test func aRequestThatHasNotEndedKeepsItsRecord() async throws {
        let silent = TestPlatform(platform.model, gateway: Silence(model: platform.model))
        await #expect(throws: TransactionError.unknown) { try await silent.take(500, key: "a") }
        platform.model.failures = .none
        platform.model.advance(by: RequestSweep.kept + RequestSweep.kept)
        #expect(try await sweep().removed == 0)
        // The copy finds the charge of the first.
        #expect(try await platform.take(500, key: "a").status == 201)
        #expect(try await platform.wallets.entries(of: TestPlatform.donor, PageRequest()).items.count == 1)
    }

    @Test func twoWhoSweepAtOnceOverAFailingStoreLeaveWhatIsYoung() async throws {
        let cause = try await platform.cause()
        for user in 1...50 as ClosedRange<UInt64> { try await platform.take(10, by: UserID(user), key: "a") }
        platform.model.advance(by: RequestSweep.kept + .seconds(1))
        for user in 1...50 as ClosedRange<UInt64> {
            try await platform.give([(cause, 1)], from: UserID(user), key: "g")
        }
        platform.model.failures = .each(perMille: 40)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { for _ in 0..<4 { _ = try? await sweep() } } }
        }
        platform.model.failures = .none
        platform.model.settle()
        try await sweep()
        #expect(records == 50)
        for user in 1...50 as ClosedRange<UInt64> {
            #expect(try await platform.give([(cause, 1)], from: UserID(user), key: "g").isReplay)
        }
    }

    @Test func whatCannotBeReadStays() async throws {
        platform.model.damage(TestPlatform.key("odd").place.bytes, .bytes([9]))
        platform.model.advance(by: RequestSweep.kept + .seconds(1))
        #expect(try await sweep().removed == 0)
    }
}
