import KVStore
import ModelStore
import Testing

@testable import Domain

/// Damage of every kind is found, and called by its name.
@Suite struct VerificationTests {
    private let platform = TestPlatform()

    private struct Scene {
        let cause: EventID
        let donation: DonationID
        let transfer: TransferID
        let pending: TransferID
        let topUp: TransferID
    }

    private func scene() async throws -> Scene {
        let cause = try await platform.cause()
        let topUp = TransferID(try await platform.take(100, key: "a").ids[0])
        let pending = TransferID(try await platform.take(50, from: "tok_late", key: "b").ids[0])
        let given = try await platform.give([(cause, 30)], key: "g")
        #expect(try await platform.breaches() == [])
        return Scene(
            cause: cause,
            donation: DonationID(given.ids[0]),
            transfer: TransferID(given.ids[1]),
            pending: pending,
            topUp: topUp
        )
    }

    private func rules() async throws -> Set<String> {
        Set(try await Verification(platform.services.database).run().breaches.map(\.rule))
    }

    private let wallet = LedgerAccount.wallet(TestPlatform.donor)

    @Test func aSoundStoreHasNoBreachAndIsCounted() async throws {
        _ = try await scene()
        let report = try await Verification(platform.services.database).run()
        #expect(report.holds)
        #expect(report.counts.transfers == 3 && report.counts.entries == 4 && report.counts.holds == 2)
        #expect(report.counts.donations == 1 && report.counts.topUps == 2 && report.counts.requests == 3)
        #expect(report.sums.map(\.debits) == [130] && report.sums.map(\.pendingDebits) == [50])
    }

    /// A page of transfers has more to look up than is read at once.
    @Test func aLongHistoryIsLookedThrough() async throws {
        let cause = try await platform.cause()
        try await platform.take(10_000, key: "a")
        for number in 0..<400 { try await platform.give([(cause, 1)], key: "g\(number)") }
        let report = try await Verification(platform.services.database).run()
        #expect(report.holds && report.counts.donations == 400)
    }

    @Test func whoeverIsNotWaitedForStopsLooking() async throws {
        let verification = Verification(platform.services.database)
        let look = Task {
            while !Task.isCancelled { await Task.yield() }
            await #expect(throws: TransactionError.stopping) { try await verification.run() }
        }
        look.cancel()
        await look.value
    }

    @Test func aChangedBalanceIsFound() async throws {
        _ = try await scene()
        platform.model.damage(LedgerKeys.balance(of: wallet, TestPlatform.usd).bytes, .counter(71))
        #expect(try await rules() == ["balance-is-history", "double-entry"])
    }

    @Test func aBalanceBelowItsFloorIsFound() async throws {
        _ = try await scene()
        platform.model.damage(LedgerKeys.balance(of: wallet, TestPlatform.usd).bytes, .counter(-1))
        #expect(try await rules().contains("floor"))
    }

    @Test func aMissingSideIsFound() async throws {
        let scene = try await scene()
        platform.model.damage(LedgerKeys.entry(of: .cause(scene.cause), scene.transfer).bytes, nil)
        #expect(
            try await rules() == ["balance-is-history", "count-is-history", "double-entry", "transfer-has-sides"]
        )
    }

    @Test func aMissingTransferIsFound() async throws {
        let scene = try await scene()
        platform.model.damage(LedgerKeys.transfer(scene.transfer).bytes, nil)
        #expect(try await rules() == ["side-has-transfer", "donation"])
    }

    @Test func aTransferOfAnotherAmountIsFound() async throws {
        let scene = try await scene()
        let other = Transfer(
            id: scene.transfer,
            from: wallet,
            to: .cause(scene.cause),
            Money(31, TestPlatform.usd),
            .donation,
            reference: scene.donation.rawValue
        )
        platform.model.damage(LedgerKeys.transfer(scene.transfer).bytes, .bytes(other.encoded))
        #expect(try await rules() == ["transfer-has-sides", "side-has-transfer", "donation"])
    }

    @Test func aSideThatNobodyKnowsIsFound() async throws {
        let scene = try await scene()
        let entry = try await platform.services.database.snapshot().get(
            LedgerKeys.entry(of: .cause(scene.cause), scene.transfer).bytes
        )
        let stray = LedgerKeys.entry(of: .cause(scene.cause), TransferID(scene.transfer.rawValue + 64))
        platform.model.damage(stray.bytes, entry?.content)
        #expect(try await rules() == ["balance-is-history", "count-is-history", "double-entry", "side-has-transfer"])
    }

    @Test func aHoldThatIsLostIsFound() async throws {
        let scene = try await scene()
        platform.model.damage(LedgerKeys.hold(at: wallet, scene.pending).bytes, nil)
        #expect(try await rules() == ["double-entry", "transfer-has-sides"])
    }

    @Test func aPendingTransferWhoseTopUpHasEndedIsFound() async throws {
        let scene = try await scene()
        let key = WalletKeys.topUp(scene.pending, of: TestPlatform.donor)
        var topUp = try #require(try await platform.services.database.snapshot().record(TopUp.self, at: key)?.record)
        topUp.status = .succeeded
        platform.model.damage(key.bytes, .bytes(topUp.encoded))
        #expect(try await rules() == ["top-up"])
    }

    @Test func aCountThatIsNotTheHistorysIsFound() async throws {
        let scene = try await scene()
        platform.model.damage(EventKeys.giftCount(scene.cause).bytes, .counter(2))
        #expect(try await rules() == ["count-is-history"])
    }

    @Test func aLostDonationIsFound() async throws {
        let scene = try await scene()
        platform.model.damage(DonationKeys.donation(scene.donation, of: TestPlatform.donor).bytes, nil)
        #expect(try await rules() == ["donation", "request"])
    }

    @Test func aRequestWithoutItsEffectIsFound() async throws {
        _ = try await scene()
        let record = RequestRecord(
            [0],
            .donation(DonationID(4_711)),
            .concluded(.answered(RecordedAnswer(status: 201, content: [])))
        )
        platform.model.damage(TestPlatform.key("other").place.bytes, .bytes(record.encoded))
        #expect(try await rules() == ["request"])
    }

    @Test func aClosedEventThatStillTakesGiftsIsFound() async throws {
        let scene = try await scene()
        try await platform.bring(scene.cause, to: .closed)
        platform.model.damage(EventKeys.openCause(scene.cause, TestPlatform.usd).bytes, .bytes(EventKeys.open))
        #expect(try await rules() == ["open-cause"])
    }

    @Test func bytesThatCannotBeReadAreFound() async throws {
        let scene = try await scene()
        platform.model.damage(LedgerKeys.transfer(scene.transfer).bytes, .bytes([9, 9, 9]))
        #expect(try await rules().contains("readable"))
    }

    @Test func aRecordAtAnothersKeyIsFound() async throws {
        let scene = try await scene()
        let entry = try await platform.services.database.snapshot().get(LedgerKeys.transfer(scene.transfer).bytes)
        platform.model.damage(LedgerKeys.transfer(TransferID(64)).bytes, entry?.content)
        #expect(try await rules() == ["readable"])
    }

    @Test func damageBehindThousandsOfRecordsIsFound() async throws {
        let cause = try await platform.cause()
        try await platform.take(10_000, key: "a")
        for number in 0..<700 { try await platform.give([(cause, 1)], key: "\(number)") }
        #expect(try await rules() == [])
        platform.model.damage(LedgerKeys.balance(of: .cause(cause), TestPlatform.usd).bytes, .counter(701))
        #expect(try await rules() == ["balance-is-history", "double-entry"])
    }
}
