import KVStore
import ModelStore
import Testing

@testable import Domain

/// Ways in which the talk with gateways has gone wrong: answers before their questions, twice, and in the wrong order.
@Suite struct GatewayTrapTests {
    private let platform = TestPlatform()

    /// Tells the world before it tells who asked, as a callback does that overtakes the answer.
    private struct Hasty: PaymentGateway {
        let sources = "tok_ok"
        let tellTheWorld: @Sendable () async throws -> Void

        func accepts(_ source: String) -> Bool { true }

        func charge(_ charge: Charge) async -> ChargeAnswer {
            try? await tellTheWorld()
            return .succeeded
        }

        func status(of charge: Charge, age: Duration) async -> ChargeAnswer { .succeeded }
    }

    @Test func whatIsTrueBeforeTheAnswerCountsOnce() async throws {
        let others = TestPlatform(platform.model)
        let hasty = TestPlatform(
            platform.model,
            gateway: Hasty {
                others.model.advance(by: .seconds(2))
                let settled = try await others.topUps.reconcile().settled
                #expect(settled == 1)
            }
        )
        #expect(try await hasty.take(500, key: "a").status == 201)
        #expect(try await platform.available() == 500)
        #expect(try await platform.wallets.entries(of: TestPlatform.donor, PageRequest()).items.count == 1)
        #expect(try await platform.breaches() == [])
    }

    /// What the gateway says later, or again, finds that the top-up has ended.
    @Test(arguments: [
        [ChargeAnswer.succeeded, .succeeded, .declined(reason: "No."), .processing],
        [.declined(reason: "No."), .succeeded, .declined(reason: "Other."), .processing],
    ])
    func theFirstWordThatEndsATopUpIsTheLast(words: [ChargeAnswer]) async throws {
        let id = TransferID(try await platform.take(500, from: "tok_late", key: "a").ids[0])
        let known = try await platform.topUps.look(at: id, of: TestPlatform.donor)
        #expect(known.status == .processing)
        let topUps = platform.topUps
        for word in words {
            // Whoever brings the word believes that the top-up is still processing.
            let settled = try await topUps.patiently { txn in try await topUps.settle(known, word, in: txn) }.value
            #expect(settled.status == (words[0] == .succeeded ? .succeeded : .declined))
            #expect(settled.reason == (words[0] == .succeeded ? nil : "No."))
        }
        #expect(try await platform.available() == (words[0] == .succeeded ? 500 : 0))
        #expect(try await platform.breaches() == [])
    }

    /// The key names an attempt: who was declined tries again under a new one, and has not used up anything.
    @Test func whoWasDeclinedMayTryAgainUnderANewKey() async throws {
        #expect(try await platform.take(500, from: "tok_declined", key: "a").refusal == "payment-declined")
        #expect(try await platform.take(500, key: "b").status == 201)
        #expect(try await platform.take(500, from: "tok_declined", key: "a").isReplay)
        #expect(try await platform.available() == 500)
    }

    @Test func fiftyCopiesOfATopUpAreOneCharge() async throws {
        let concluded = try await withThrowingTaskGroup(of: Concluded.self) { group in
            for _ in 0..<50 { group.addTask { try await platform.take(7, key: "a") } }
            return try await group.reduce(into: [Concluded]()) { $0.append($1) }
        }
        #expect(Set(concluded.map(\.conclusion)).count == 1)
        #expect(concluded.filter { !$0.isReplay }.count == 1)
        #expect(try await platform.available() == 7)
        #expect(try await platform.breaches() == [])
    }

    /// Money that has not arrived cannot be spent, and what is spent is not what is on its way.
    @Test func moneyOnItsWayCannotBeSpent() async throws {
        let cause = try await platform.cause()
        try await platform.take(500, from: "tok_late", key: "a")
        #expect(try await platform.give([(cause, 1)], key: "g").refusal == "insufficient-funds")
        platform.model.advance(by: .seconds(3))
        #expect(try await platform.topUps.reconcile().settled == 1)
        #expect(try await platform.give([(cause, 500)], key: "h").status == 201)
        #expect(try await platform.breaches() == [])
    }
}
