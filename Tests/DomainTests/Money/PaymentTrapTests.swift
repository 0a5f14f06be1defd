import KVStore
import ModelStore
import Testing

@testable import Domain

/// Ways in which payment systems have gone wrong, each a test. Where a trap needs a part that does not exist yet
/// (reservations, tickets, refunds, discounts, callbacks of gateways), it comes with that part.
///
/// | trap | test |
/// | --- | --- |
/// | retry with a new key after a time-out | ``anAnswerThatGotLostIsToldAgain()``: the outcome can be looked up first; API: `aLostAnswerLeadsToItsOutcome` |
/// | key bound to the order, not the attempt | ``theSameGiftUnderANewKeyIsASecondGift()``; `GatewayTrapTests.whoWasDeclinedMayTryAgainUnderANewKey` |
/// | ids minted inside a handler break replay | ``aReplayTellsTheIDsOfTheFirstTime()`` |
/// | check-then-record race | ``fiftyCopiesOfARequestHaveOneEffectAndOneAnswer()``; `GatewayTrapTests.fiftyCopiesOfATopUpAreOneCharge` |
/// | word of the gateway before the answer to the request | `GatewayTrapTests.whatIsTrueBeforeTheAnswerCountsOnce` |
/// | word of the gateway twice, or in the wrong order | `GatewayTrapTests.theFirstWordThatEndsATopUpIsTheLast` |
/// | timer fires after the state moved on | the same; `ReconciliationTests.aLatePaymentSettlesThoughNobodyLooks` |
/// | clock jump expires every hold | `ReconciliationTests.noTimeEndsAPaymentOfWhichNobodyCanTell` |
/// | compensation itself fails | `ReconciliationTests.whatANodeLeftBetweenItsTwoCommitsIsSettledByAnother`, `…manyNodesAtOnceOverAFailingStoreSettleEachPaymentOnce` |
/// | lock skipped "for speed" oversells | ``aHundredDebitsAtOnceNeverOverdraw()``; `GatewayTrapTests.moneyOnItsWayCannotBeSpent` |
/// | event ended with payments in flight | ``whatIsOnItsWayWhenAnEventEndsArrivesBeforeOrNotAtAll(end:)`` |
/// | two thank-yous for one gift | `DonationTests.oneReceiptAGift`; every `CampaignTests` seed |
/// | totals drifting from lists | ``totalsAreTheLedgersAtEveryMoment()``, ``aThousandGiftsAtOnceAddUpExactly()`` |
/// | zero-decimal currencies | ``currenciesWithoutMinorUnitsAreWholeUnits()`` |
/// | splitting legs loses a cent | ``theLegsOfAGiftAddUpToItsChargeToTheCent()`` |
/// | currency mismatch | ``moneyOfOneCurrencyDoesNotPayInAnother()`` |
/// | a stale leader serves a balance | store: `TransactionLoopTests.aStaleLeaderServesNoBalance`, and `TimestampOracleTests`: balances are read at a timestamp that a quorum round gave |
/// | a late copy of a request counts after all | ``aTryThatComesLateDoesNotCount()``, ``aRefusalIsAnOutcome()``, ``aRefusalThatIsNotRecordedIsNotTold()`` |
@Suite struct PaymentTrapTests {
    private let platform = TestPlatform()

    @Test func aThousandGiftsAtOnceAddUpExactly() async throws {
        let cause = try await platform.cause()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for user in 1...1_000 as ClosedRange<UInt64> {
                group.addTask {
                    try await platform.take(5, by: UserID(user), key: "a")
                    try await platform.give([(cause, Int64(1 + user % 5))], from: UserID(user), key: "g")
                }
            }
            try await group.waitForAll()
        }
        let totals = try await platform.causes.totals(of: cause)
        #expect(totals.raised.amount == 3_000 && totals.count == 1_000)
        #expect(try await platform.breaches() == [])
    }

    @Test func aHundredDebitsAtOnceNeverOverdraw() async throws {
        let cause = try await platform.cause()
        try await platform.take(50, key: "a")
        let outcomes = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<100 {
                group.addTask {
                    let concluded = try await platform.give([(cause, 1)], key: "\(number)")
                    return concluded.refusal ?? "given"
                }
            }
            return try await group.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
        }
        #expect(outcomes == ["given": 50, "insufficient-funds": 50])
        #expect(try await platform.available() == 0)
        #expect(try await platform.breaches() == [])
    }

    /// The record of a request and its effect are one commit: of many copies at once one has the effect.
    @Test func fiftyCopiesOfARequestHaveOneEffectAndOneAnswer() async throws {
        let cause = try await platform.cause()
        try await platform.take(1_000, key: "a")
        let concluded = try await withThrowingTaskGroup(of: Concluded.self) { group in
            for _ in 0..<50 { group.addTask { try await platform.give([(cause, 7)], key: "g") } }
            return try await group.reduce(into: [Concluded]()) { $0.append($1) }
        }
        #expect(Set(concluded.map(\.conclusion)).count == 1)
        #expect(concluded.filter { !$0.isReplay }.count == 1)
        #expect(try await platform.available() == 993)
        #expect(try await platform.causes.totals(of: cause).count == 1)
    }

    /// Ids are minted once for a key: a replay tells those of the first time, although every copy has minted its own.
    @Test func aReplayTellsTheIDsOfTheFirstTime() async throws {
        let cause = try await platform.cause()
        try await platform.take(100, key: "a")
        let first = try await platform.give([(cause, 7)], key: "g")
        let second = try await platform.give([(cause, 7)], key: "g")
        #expect(first.ids == second.ids && !first.ids.isEmpty)
    }

    /// What counts is the attempt, not what it is about: the same gift under a new key is a second gift.
    @Test func theSameGiftUnderANewKeyIsASecondGift() async throws {
        let cause = try await platform.cause()
        try await platform.take(100, key: "a")
        try await platform.give([(cause, 7)], key: "g")
        #expect(try await platform.give([(cause, 7)], key: "h").isReplay == false)
        #expect(try await platform.available() == 86)
    }

    @Test func anAnswerThatGotLostIsToldAgain() async throws {
        let cause = try await platform.cause()
        try await platform.take(100, key: "a")
        platform.model.failures = FailureOdds(unknownWithEffect: 1_000)
        // The node asks again by itself, and finds what its own first try has done.
        let first = try await platform.give([(cause, 7)], key: "g")
        #expect(first.status == 201 && !first.isReplay)
        platform.model.failures = .none
        let outcome = try await Requests(platform.services).outcome(
            caller: TestPlatform.donor,
            route: "POST /v1/donations",
            key: "g"
        )
        #expect(outcome == .concluded(first.conclusion))
        let again = try await platform.give([(cause, 7)], key: "g")
        #expect(again.isReplay && again.conclusion == first.conclusion)
        #expect(try await platform.available() == 93)
    }

    /// A try that was lost comes late, when the request was sent again and answered: it must not count.
    @Test func aTryThatComesLateDoesNotCount() async throws {
        let cause = try await platform.cause()
        try await platform.take(100, key: "a")
        platform.model.failures = FailureOdds(unknownWithLateEffect: 1_000)
        await #expect(throws: TransactionError.unknown) { try await platform.give([(cause, 7)], key: "g") }
        platform.model.failures = .none
        try await platform.give([(cause, 7)], key: "g")
        platform.model.settle()
        #expect(try await platform.available() == 93)
        #expect(try await platform.breaches() == [])
    }

    /// Who was told that there was not enough money is told so again, whatever has come in since.
    @Test func aRefusalIsAnOutcome() async throws {
        let cause = try await platform.cause()
        let first = try await platform.give([(cause, 7)], key: "g")
        #expect(first.refusal == "insufficient-funds" && !first.isReplay)
        try await platform.take(100, key: "a")
        let again = try await platform.give([(cause, 7)], key: "g")
        #expect(again.isReplay && again.conclusion == first.conclusion)
        #expect(try await platform.available() == 100)
    }

    /// A refusal that could not be recorded is not told: a copy on its way might still succeed.
    @Test func aRefusalThatIsNotRecordedIsNotTold() async throws {
        let cause = try await platform.cause()
        platform.model.failures = FailureOdds(unknownWithoutEffect: 1_000)
        await #expect(throws: TransactionError.unknown) { try await platform.give([(cause, 7)], key: "g") }
    }

    @Test(arguments: [Event.Status.closed, .cancelled])
    func whatIsOnItsWayWhenAnEventEndsArrivesBeforeOrNotAtAll(end: Event.Status) async throws {
        let cause = try await platform.cause()
        try await platform.take(100, key: "a")
        let given = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<50 {
                group.addTask { try await platform.give([(cause, 1)], key: "\(number)").status == 201 }
                if number == 25 {
                    group.addTask {
                        try await platform.bring(cause, to: end)
                        return false
                    }
                }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        let closed = try await platform.events.event(cause).version
        let history = try await platform.causes.history(of: cause, PageRequest()).page.items
        #expect(history.count == given)
        #expect(history.allSatisfy { $0.at < closed })
        #expect(try await platform.give([(cause, 7)], key: "late").refusal == "event-closed")
        #expect(try await platform.available() == Int64(100 - given))
    }

    @Test func currenciesWithoutMinorUnitsAreWholeUnits() async throws {
        let cause = try await platform.cause(TestPlatform.jpy)
        try await platform.take(1_250, TestPlatform.jpy, key: "a")
        try await platform.give([(cause, 1_250)], TestPlatform.jpy, key: "g")
        let raised = try await platform.causes.totals(of: cause).raised
        #expect(raised == Money(1_250, TestPlatform.jpy) && raised.currency.exponent == 0)
    }

    @Test func moneyOfOneCurrencyDoesNotPayInAnother() async throws {
        let cause = try await platform.cause(TestPlatform.jpy)
        try await platform.take(1_000, key: "a")
        await #expect(throws: DomainError.self) { try await platform.give([(cause, 5)], key: "g") }
        #expect(try await platform.give([(cause, 5)], TestPlatform.jpy, key: "g").refusal == "insufficient-funds")
    }

    @Test func theLegsOfAGiftAddUpToItsChargeToTheCent() async throws {
        let causes = [try await platform.cause(), try await platform.cause(), try await platform.cause()]
        try await platform.take(10_000, key: "a")
        let concluded = try await platform.give(zip(causes, [3_334, 3_333, 3_333]).map { ($0, $1) }, key: "g")
        let donation = try await platform.donations.donation(
            DonationID(concluded.ids[0]),
            for: TestPlatform.donor,
            isPrivileged: false
        ).record
        #expect(donation.total.amount == 10_000)
        #expect(try await platform.available() == 0)
    }

    /// Totals are the ledger's: there is no list beside it that they could drift from.
    @Test func totalsAreTheLedgersAtEveryMoment() async throws {
        let cause = try await platform.cause()
        try await platform.take(1_000, key: "a")
        for amount in 1...20 as ClosedRange<Int64> {
            try await platform.give([(cause, amount)], key: "\(amount)")
            let now = try await platform.services.database.snapshot().timestamp
            let totals = try await platform.causes.totals(of: cause, at: now)
            let history = try await platform.causes.history(of: cause, PageRequest(), at: now).page.items
            #expect(totals.raised.amount == history.reduce(0) { $0 + $1.entry.money.amount })
            #expect(totals.count == Int64(history.count))
        }
    }
}
