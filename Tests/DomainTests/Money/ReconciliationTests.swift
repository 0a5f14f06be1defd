import DomainHarness
import KVStore
import ModelStore
import Testing

@testable import Domain

/// Payments of which the gateway speaks late settle although nobody looks at them.
@Suite struct ReconciliationTests {
    private let platform = TestPlatform()

    /// Looks at everything once.
    private func reconcile(_ platform: TestPlatform, limit: Int = 100) async throws -> TopUps.Reconciled {
        var all = TopUps.Reconciled()
        repeat {
            let step = try await platform.topUps.reconcile(from: all.next, limit: limit)
            #expect(step.settled + step.waiting + step.failed <= limit)
            all.settled += step.settled
            all.waiting += step.waiting
            all.failed += step.failed
            all.next = step.next
        } while all.next != nil
        return all
    }

    @Test(arguments: ["tok_late", "tok_timeout", "tok_twice"])
    func aLatePaymentSettlesThoughNobodyLooks(source: String) async throws {
        let first = try await platform.take(500, from: source, key: "a")
        #expect(first.status == 202)
        // Its own request may still be at it.
        #expect(try await reconcile(platform).waiting == 1)
        platform.model.advance(by: .seconds(3))
        #expect(try await reconcile(platform).settled == 1)
        #expect(try await platform.available() == 500)
        #expect(try await reconcile(platform) == TopUps.Reconciled())
        let again = try await platform.take(500, from: source, key: "a")
        #expect(again.isReplay && again.conclusion == first.conclusion)
        #expect(try await platform.available() == 500)
        #expect(try await platform.breaches() == [])
    }

    /// Says of each charge what it is told to say, at any time.
    private struct Oracle: PaymentGateway {
        let says: ChargeAnswer
        let sources = "tok_any"

        func accepts(_ source: String) -> Bool { true }
        func charge(_ charge: Charge) async -> ChargeAnswer { .processing }
        func status(of charge: Charge, age: Duration) async -> ChargeAnswer { says }
    }

    @Test func noTimeEndsAPaymentOfWhichNobodyCanTell() async throws {
        let platform = TestPlatform(gateway: Oracle(says: .processing))
        let id = TransferID(try await platform.take(500, key: "a").ids[0])
        platform.model.advance(by: .seconds(365 * 86_400))
        #expect(try await reconcile(platform).waiting == 1)
        #expect(try await platform.topUps.look(at: id, of: TestPlatform.donor).status == .processing)
        #expect(try await platform.wallets.balances(of: TestPlatform.donor).map(\.incoming) == [500])
        #expect(try await platform.breaches() == [])
    }

    @Test func aLateRefusalOfTheGatewayGivesNothing() async throws {
        let platform = TestPlatform(gateway: Oracle(says: .declined(reason: "No.")))
        let id = TransferID(try await platform.take(500, key: "a").ids[0])
        platform.model.advance(by: .seconds(3))
        #expect(try await reconcile(platform).settled == 1)
        #expect(try await platform.topUps.look(at: id, of: TestPlatform.donor).status == .declined)
        #expect(try await platform.wallets.balances(of: TestPlatform.donor) == [])
        #expect(try await platform.breaches() == [])
    }

    /// Takes the money, and takes the store down with it.
    private struct Earthquake: PaymentGateway {
        let model: ModelBackend
        let sources = "tok_ok"

        func accepts(_ source: String) -> Bool { true }

        func charge(_ charge: Charge) async -> ChargeAnswer {
            model.failures = FailureOdds(noLeader: 1_000)
            return .succeeded
        }

        func status(of charge: Charge, age: Duration) async -> ChargeAnswer { .succeeded }
    }

    @Test func whatANodeLeftBetweenItsTwoCommitsIsSettledByAnother() async throws {
        let shaken = TestPlatform(platform.model, gateway: Earthquake(model: platform.model))
        await #expect(throws: TransactionError.unknown) { try await shaken.take(500, key: "a") }
        platform.model.failures = .none
        platform.model.advance(by: .seconds(3))
        #expect(try await reconcile(platform).settled == 1)
        #expect(try await platform.available() == 500)
        #expect(try await platform.take(500, key: "a").status == 201)
        #expect(try await platform.available() == 500)
        #expect(try await platform.breaches() == [])
    }

    @Test func manyNodesAtOnceOverAFailingStoreSettleEachPaymentOnce() async throws {
        for user in 1...30 as ClosedRange<UInt64> {
            try await platform.take(Int64(user), from: "tok_late", by: UserID(user), key: "a")
        }
        platform.model.advance(by: .seconds(3))
        platform.model.failures = .each(perMille: 50)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<10 { _ = try? await platform.topUps.reconcile() }
                }
            }
        }
        platform.model.failures = .none
        platform.model.settle()
        #expect(try await reconcile(platform).failed == 0)
        for user in 1...30 as ClosedRange<UInt64> {
            #expect(try await platform.available(UserID(user)) == Int64(user))
        }
        #expect(try await platform.breaches() == [])
    }

    @Test func aLookIsBoundedAndGoesOnWhereItStopped() async throws {
        for user in 1...100 as ClosedRange<UInt64> {
            for key in ["a", "b"] { try await platform.take(5, from: "tok_late", by: UserID(user), key: key) }
        }
        platform.model.advance(by: .seconds(3))
        #expect(try await platform.topUps.reconcile(limit: 70).settled == 70)
        #expect(try await reconcile(platform, limit: 7).settled == 130)
        #expect(try await platform.breaches() == [])
    }

    @Test func whoLooksAgainAndAgainNeedNotPassWhatHasEnded() async throws {
        let old = TransferID(try await platform.take(5, from: "tok_late", key: "a").ids[0])
        let ended = TransferID(try await platform.take(5, key: "b").ids[0])
        var since = ReconciledSince()
        for number in 1...UInt64(2 * ReconciledSince.looks) {
            let looked = try await platform.topUps.reconcile(since: since.since)
            // Its own request is still at it as far as time tells: no time has passed.
            #expect(looked.waiting == 1 && looked.oldest == old && looked.next == nil)
            since.looked(oldest: looked.oldest, id: TransferID(ended.rawValue + number))
            #expect(since.since == (number > UInt64(ReconciledSince.looks) ? old : nil))
        }
        platform.model.advance(by: .seconds(3))
        let looked = try await platform.topUps.reconcile(since: since.since)
        #expect(looked.settled == 1 && looked.oldest == nil)
        since.looked(oldest: looked.oldest, id: TransferID(ended.rawValue + 1_000))
        let bound = try #require(since.since)
        #expect(bound > ended)
        // A top-up that is begun later has a greater id, whichever node minted it.
        var newer = TransferID(1)
        while newer <= bound { newer = TransferID(try await platform.services.ids.mint(1)[0]) }
        try await platform.take(5, from: "tok_late", key: "c")
        #expect(try await platform.topUps.reconcile(since: bound).waiting == 1)
    }

    @Test func aLookEndsHoweverManyAreBegunMeanwhile() async throws {
        try await platform.take(5, from: "tok_late", key: "a")
        try await platform.take(5, from: "tok_late", by: UserID(8), key: "b")
        #expect(Home(of: TestPlatform.donor) < Home(of: UserID(8)))
        let bound = TransferID(try await platform.services.ids.mint(1)[0])
        platform.model.advance(by: .seconds(3))
        var place: TopUps.Place?
        var looked = 0
        var settled = 0
        repeat {
            // Two more at the first home, with each of which the look would be busy.
            for more in ["c", "d"] { try await platform.take(5, from: "tok_late", key: "\(more)\(looked)") }
            let step = try await platform.topUps.reconcile(from: place, until: bound, limit: 1)
            settled += step.settled
            looked += 1
            place = step.next
        } while place != nil && looked < 100
        #expect(place == nil && settled == 2)
    }

    @Test func onePaymentThatCannotBeReadDoesNotStandInTheWayOfOthers() async throws {
        let damaged = TransferID(try await platform.take(5, from: "tok_late", key: "a").ids[0])
        try await platform.take(7, from: "tok_late", by: UserID(8), key: "b")
        platform.model.damage(WalletKeys.topUp(damaged, of: TestPlatform.donor).bytes, .bytes([9]))
        platform.model.advance(by: .seconds(3))
        let looked = try await reconcile(platform)
        #expect(looked.settled == 1 && looked.failed == 1)
        #expect(try await platform.available(UserID(8)) == 7)
    }

    @Test func oneHoldThatCannotBeReadDoesNotStandInTheWayOfOthers() async throws {
        let damaged = TransferID(try await platform.take(5, from: "tok_late", key: "a").ids[0])
        // One at the same home, and one at a home behind it.
        try await platform.take(6, from: "tok_late", key: "b")
        try await platform.take(7, from: "tok_late", by: UserID(8), key: "c")
        #expect(Home(of: TestPlatform.donor) < Home(of: UserID(8)))
        let clearing = LedgerAccount.platform(.gatewayClearing, Home(namedBy: damaged))
        platform.model.damage(LedgerKeys.hold(at: clearing, damaged).bytes, .bytes([9]))
        platform.model.advance(by: .seconds(3))
        let looked = try await platform.topUps.reconcile()
        #expect(looked.settled == 2 && looked.failed == 1 && looked.next == nil)
        #expect(looked.oldest == damaged)
        #expect(try await platform.available() == 6)
        #expect(try await platform.available(UserID(8)) == 7)
        #expect(try await reconcile(platform).failed == 1)
    }

    @Test func aHomeThatCannotBeReadDoesNotStandInTheWayOfOthers() async throws {
        for user in 1...30 as ClosedRange<UInt64> {
            try await platform.take(5, from: "tok_late", by: UserID(user), key: "a")
        }
        platform.model.advance(by: .seconds(3))
        let store = DeafBackend(platform.model, at: Home(of: TestPlatform.donor))
        let services = Services(database: Database(store), ids: platform.services.ids)
        let topUps = TopUps(services, gateway: SandboxGateway())
        let first = try await topUps.reconcile()
        #expect(first.hasPassedOver && first.failed == 1 && first.next != nil)
        let rest = try await topUps.reconcile(from: first.next)
        #expect(!rest.hasPassedOver && rest.failed == 0 && rest.next == nil)
        #expect(first.settled + rest.settled == 29)
        // Whoever looks again does not take it for settled.
        var since = ReconciledSince()
        for number in 0...UInt64(ReconciledSince.looks) {
            since.looked(oldest: first.oldest, id: TransferID(1_000_000 + number))
        }
        #expect(try await platform.topUps.reconcile(since: since.since).settled == 1)
        #expect(try await platform.available() == 5)
        #expect(try await platform.breaches() == [])
    }
}
