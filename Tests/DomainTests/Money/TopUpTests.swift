import KVStore
import ModelStore
import Testing

@testable import Domain

@Suite struct TopUpTests {
    private let platform = TestPlatform()

    @Test func moneyArrivesAndTheAnswerIsToldAgain() async throws {
        let first = try await platform.take(500, key: "a")
        #expect(first.status == 201 && !first.isReplay)
        let again = try await platform.take(500, key: "a")
        #expect(again.isReplay && again.conclusion == first.conclusion)
        #expect(try await platform.available() == 500)
        #expect(try await platform.breaches() == [])
    }

    @Test func whatIsDeclinedLeavesNothingInTheWallet() async throws {
        let first = try await platform.take(500, from: "tok_declined", key: "a")
        #expect(first.refusal == "payment-declined")
        let again = try await platform.take(500, from: "tok_declined", key: "a")
        #expect(again.isReplay && again.conclusion == first.conclusion)
        #expect(try await platform.wallets.balances(of: TestPlatform.donor) == [])
        #expect(try await platform.wallets.entries(of: TestPlatform.donor, PageRequest()).items == [])
        #expect(try await platform.breaches() == [])
    }

    @Test(arguments: ["tok_late", "tok_timeout", "tok_twice"])
    func whatIsUnknownStaysProcessingUntilTheGatewaySpeaks(source: String) async throws {
        let first = try await platform.take(500, from: source, key: "a")
        #expect(first.status == 202)
        let id = TransferID(first.ids[0])
        let balance = try await platform.wallets.balances(of: TestPlatform.donor)[0]
        #expect(balance.available.amount == 0 && balance.incoming == 500)
        #expect(try await platform.breaches() == [])
        platform.model.advance(by: .seconds(3))
        for _ in 0..<3 {
            #expect(try await platform.topUps.look(at: id, of: TestPlatform.donor).status == .succeeded)
        }
        #expect(try await platform.available() == 500)
        let again = try await platform.take(500, from: source, key: "a")
        #expect(again.isReplay && again.conclusion == first.conclusion)
        #expect(try await platform.breaches() == [])
    }

    @Test func aLateAnswerIsNotMadeUp() async throws {
        let id = TransferID(try await platform.take(500, from: "tok_late", key: "a").ids[0])
        #expect(try await platform.topUps.look(at: id, of: TestPlatform.donor).status == .processing)
    }

    /// A gateway that takes the money, and takes the store down with it.
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

    @Test func whoComesAfterACrashGoesOnWithTheSameTopUp() async throws {
        let shaken = TestPlatform(platform.model, gateway: Earthquake(model: platform.model))
        await #expect(throws: TransactionError.unknown) { try await shaken.take(500, key: "a") }
        platform.model.failures = .none
        let outcome = try await Requests(platform.services).outcome(
            caller: TestPlatform.donor,
            route: "POST /v1/wallet/top-ups",
            key: "a"
        )
        guard case .begun(.some) = outcome else {
            Issue.record("the request has not begun: \(outcome)")
            return
        }
        #expect(try await platform.breaches() == [])
        #expect(try await platform.take(500, key: "a").status == 201)
        #expect(try await platform.take(500, key: "a").isReplay)
        #expect(try await platform.available() == 500)
        #expect(try await platform.breaches() == [])
    }

    @Test func amountsAndSourcesAreLookedAt() async throws {
        for amount in [Int64.min, -1, 0, Money.greatestAmount + 1, .max] {
            await #expect(throws: DomainError.self) { try await platform.take(amount, key: "a") }
        }
        await #expect(throws: DomainError.self) { try await platform.take(1, from: "tok_other", key: "a") }
        #expect(platform.model.contents.isEmpty)
    }

    @Test func anAccountThatIsFullSaysSo() async throws {
        // The first of a home's ids tells the clearing account.
        let id = TransferID(try await platform.take(1, key: "a").ids[0])
        let clearing = LedgerAccount.platform(.gatewayClearing, Home(namedBy: id))
        platform.model.damage(LedgerKeys.balance(of: clearing, TestPlatform.usd).bytes, .counter(-.max + 5))
        let full = try await platform.take(6, key: "b")
        #expect(full.refusal == "balance-limit")
        #expect(try await platform.take(6, key: "b").isReplay)
        #expect(try await platform.take(5, key: "c").status == 201)
        #expect(try await platform.available() == 6)
    }

    @Test func nobodySeesAnothersTopUp() async throws {
        let id = TransferID(try await platform.take(500, key: "a").ids[0])
        await #expect(throws: DomainError.notFound) { try await platform.topUps.look(at: id, of: UserID(8)) }
    }

    @Test func currenciesAreKeptApart() async throws {
        try await platform.take(500, key: "a")
        try await platform.take(700, TestPlatform.jpy, key: "b")
        let balances = try await platform.wallets.balances(of: TestPlatform.donor).map(\.available)
        #expect(balances == [Money(700, TestPlatform.jpy), Money(500, TestPlatform.usd)])
    }
}
