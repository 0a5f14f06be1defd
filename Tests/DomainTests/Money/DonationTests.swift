import KVStore
import ModelStore
import Testing

@testable import Domain

@Suite struct DonationTests {
    private let platform = TestPlatform()

    @Test func oneGiftToThreeCausesIsOneCharge() async throws {
        let causes = [try await platform.cause(), try await platform.cause(), try await platform.cause()]
        try await platform.take(100, key: "a")
        let given = try await platform.give(zip(causes, [10, 20, 30]).map { ($0, $1) }, key: "g")
        #expect(given.status == 201)
        #expect(given.ids.count == 4)
        #expect(try await platform.available() == 40)
        for (cause, amount) in zip(causes, [10, 20, 30] as [Int64]) {
            let totals = try await platform.causes.totals(of: cause)
            #expect(totals.raised.amount == amount && totals.count == 1)
        }
        #expect(try await platform.breaches() == [])
    }

    @Test func aGiftToAHundredCausesIsOneCommit() async throws {
        var causes: [EventID] = []
        for _ in 0..<Gift.allocationsLimit { causes.append(try await platform.cause()) }
        try await platform.take(100, key: "a")
        #expect(try await platform.give(causes.map { ($0, 1) }, key: "g").ids.count == 101)
        #expect(try await platform.available() == 0)
        #expect(try await platform.breaches() == [])
    }

    @Test func aGiftReadsNothing() async throws {
        let cause = try await platform.cause()
        try await platform.take(100, key: "a")
        // Reading would find that what it reads is not kept any more.
        platform.model.forget(before: .max)
        #expect(try await platform.give([(cause, 10)], key: "g").status == 201)
    }

    @Test func oneClosedCauseRefusesAll() async throws {
        let open = try await platform.cause()
        let closed = try await platform.cause()
        try await platform.bring(closed, to: .closed)
        try await platform.take(100, key: "a")
        #expect(try await platform.give([(open, 10), (closed, 10)], key: "g").refusal == "event-closed")
        #expect(try await platform.available() == 100)
        #expect(try await platform.causes.totals(of: open).count == 0)
    }

    @Test func aBodyThatBreaksARuleIsRefusedWithItsPlace() async throws {
        let cause = try await platform.cause()
        let yen = try await platform.cause(TestPlatform.jpy)
        try await platform.take(100, key: "a")
        let bad: [([(EventID, Int64)], String)] = [
            ([], "/allocations"), ([(cause, 0)], "/allocations/0/amount"), ([(cause, -5)], "/allocations/0/amount"),
            ([(cause, .max)], "/allocations/0/amount"), ([(cause, 1), (cause, 1)], "/allocations/1/eventId"),
            ([(cause, 1), (EventID(12_345), 1)], "/allocations/1/eventId"), ([(yen, 1)], "/currency"),
            (Array(repeating: (cause, 1), count: 101), "/allocations"),
        ]
        for (allocations, pointer) in bad {
            do {
                try await platform.give(allocations, key: "g")
                Issue.record("\(pointer) was accepted")
            } catch let error as DomainError {
                #expect(error.kind == .invalid && error.faults.first?.pointer == pointer)
            }
        }
        // Nothing was recorded: the key is free.
        #expect(try await platform.give([(cause, 1)], key: "g").status == 201)
    }

    @Test func whatIsWrongWithTheGiftIsToldBeforeWhatIsMissingInTheWallet() async throws {
        let cause = try await platform.cause()
        await #expect(throws: DomainError.self) { try await platform.give([(cause, 1), (EventID(5), 1)], key: "g") }
        #expect(try await platform.give([(cause, 1)], key: "g").refusal == "insufficient-funds")
    }

    @Test func anotherBodyUnderAUsedKeyIsRefused() async throws {
        let cause = try await platform.cause()
        try await platform.take(100, key: "a")
        try await platform.give([(cause, 1)], key: "g", body: 1)
        await #expect(throws: DomainError.keyReused) { try await platform.give([(cause, 2)], key: "g", body: 2) }
        #expect(try await platform.available() == 99)
    }

    @Test func keysOfDifferentUsersHaveNothingToDoWithEachOther() async throws {
        let cause = try await platform.cause()
        try await platform.take(100, by: UserID(1), key: "a")
        try await platform.take(100, by: UserID(2), key: "a")
        try await platform.give([(cause, 1)], from: UserID(1), key: "g", body: 1)
        #expect(try await platform.give([(cause, 2)], from: UserID(2), key: "g", body: 2).isReplay == false)
        #expect(try await platform.causes.totals(of: cause).count == 2)
    }

    @Test func oneReceiptAGift() async throws {
        let cause = try await platform.cause()
        try await platform.take(100, key: "a")
        for _ in 0..<3 { try await platform.give([(cause, 1)], key: "g") }
        let receipts = platform.model.contents.filter { $0.key[3] == Table.outbox.rawValue }
        #expect(receipts.count == 1)
    }

    // MARK: Histories

    @Test func historiesAreNewestFirstAndTheirCursorsStable() async throws {
        let cause = try await platform.cause()
        try await platform.take(100, key: "a")
        for amount in 1...5 { try await platform.give([(cause, Int64(amount))], key: "\(amount)") }
        let first = try await platform.donations.history(of: TestPlatform.donor, PageRequest(limit: 2))
        #expect(first.items.map(\.record.total.amount) == [5, 4])
        try await platform.give([(cause, 6)], key: "6")
        let second = try await platform.donations.history(
            of: TestPlatform.donor,
            PageRequest(limit: 2, after: first.next)
        )
        #expect(second.items.map(\.record.total.amount) == [3, 2])
        let ofCause = try await platform.causes.history(of: cause, PageRequest(limit: 4)).page
        #expect(ofCause.items.map(\.entry.money.amount) == [6, 5, 4, 3])
        let rest = try await platform.causes.history(of: cause, PageRequest(after: ofCause.next)).page
        #expect(rest.items.map(\.entry.money.amount) == [2, 1] && rest.next == nil)
    }

    @Test func totalsAndHistoriesCanBeSeenAsTheyWere() async throws {
        let cause = try await platform.cause()
        try await platform.take(100, key: "a")
        try await platform.give([(cause, 10)], key: "1")
        let then = try await platform.services.database.snapshot().timestamp
        try await platform.give([(cause, 20)], key: "2")
        #expect(try await platform.causes.totals(of: cause, at: then).raised.amount == 10)
        #expect(try await platform.causes.totals(of: cause).raised.amount == 30)
        #expect(try await platform.causes.history(of: cause, PageRequest(), at: then).page.items.count == 1)
        let held = try await platform.wallets.balances(of: TestPlatform.donor, at: then)
        #expect(held.map(\.available.amount) == [90])
    }

    @Test func whatCameSinceHidesNothingOfAPast() async throws {
        let cause = try await platform.cause()
        try await platform.take(10_000, key: "a")
        try await platform.give([(cause, 10)], key: "old")
        let then = try await platform.services.database.snapshot().timestamp
        // More than one look passes over.
        for number in 0..<700 { try await platform.give([(cause, 1)], key: "\(number)") }
        let one = PageRequest(limit: 1)
        let ofCause = try await platform.causes.history(of: cause, one, at: then).page
        #expect(ofCause.items.map(\.entry.money.amount) == [10] && ofCause.next == nil)
        let ofDonor = try await platform.donations.history(of: TestPlatform.donor, one, at: then)
        #expect(ofDonor.items.map(\.record.total.amount) == [10] && ofDonor.next == nil)
    }

    // MARK: Who may see what

    @Test func anAnonymousGiftNamesItsGiverToNobodyElse() async throws {
        let cause = try await platform.cause()
        try await platform.take(100, key: "a")
        try await platform.give([(cause, 1)], key: "1", isAnonymous: true)
        try await platform.give([(cause, 2)], key: "2")
        let organizer = TestPlatform.organizer
        let (viewer, page) = try await platform.causes.history(of: cause, for: organizer, PageRequest())
        #expect(page.items.map { $0.donor(for: viewer) } == [TestPlatform.donor, nil])
        for user in [UserID(55), TestPlatform.donor, nil] {
            let (viewer, page) = try await platform.causes.history(of: cause, for: user, PageRequest())
            #expect(viewer == .anybody && page.items.map { $0.donor(for: viewer) } == [nil, nil])
        }
    }

    /// Who made an event for an organization and may not act for it any more has no right to it.
    @Test func whatAnOrganizationIsGivenIsSeenByWhoActsForItNow() async throws {
        let cause = try await platform.cause(organization: OrganizationID(5))
        try await platform.take(100, key: "a")
        let given = try await platform.give([(cause, 2)], key: "g", message: "Good luck")
        let others = Causes(platform.services, organizers: OtherOrganizer())
        for (causes, organizer, stranger) in [
            (platform.causes, TestPlatform.organizer, UserID(91)), (others, UserID(91), TestPlatform.organizer),
        ] {
            let (viewer, page) = try await causes.history(of: cause, for: organizer, PageRequest())
            #expect(page.items.map { $0.donor(for: viewer) } == [TestPlatform.donor])
            #expect(page.items.map { $0.message(for: viewer) } == ["Good luck"])
            #expect(try await causes.history(of: cause, for: stranger, PageRequest()).viewer == .anybody)
            let id = TransferID(given.ids[1])
            #expect(!(try await causes.transaction(id, for: organizer, isPrivileged: false).isGiver))
            await #expect(throws: DomainError.notFound) {
                try await causes.transaction(id, for: stranger, isPrivileged: false)
            }
        }
    }

    /// User 91 acts for every organization, and nobody else for any.
    private struct OtherOrganizer: Organizers {
        func mayOrganize(
            _ user: UserID,
            for organization: OrganizationID,
            in view: some RecordView
        ) async throws(TransactionError) -> Bool { user == UserID(91) }
    }

    /// The id of a public transaction is at home with its cause, so that nothing of the giver can be told from it.
    @Test func theIDOfATransactionSaysNothingOfItsGiver() async throws {
        let cause = try await platform.cause()
        for user in 1...20 as ClosedRange<UInt64> {
            try await platform.take(10, by: UserID(user), key: "a")
            let id = TransferID(try await platform.give([(cause, 1)], from: UserID(user), key: "g").ids[1])
            #expect(Home(namedBy: id) == Home(of: cause))
        }
    }

    @Test func aTransactionIsSeenByItsTwoSidesOnly() async throws {
        let cause = try await platform.cause()
        try await platform.take(100, key: "a")
        let given = try await platform.give([(cause, 1)], key: "g", isAnonymous: true)
        let id = TransferID(given.ids[1])
        #expect(try await platform.causes.transaction(id, for: TestPlatform.donor, isPrivileged: false).isGiver)
        #expect(!(try await platform.causes.transaction(id, for: TestPlatform.organizer, isPrivileged: false).isGiver))
        // Nor does an administrator learn who gave: he sees that something was given.
        #expect(!(try await platform.causes.transaction(id, for: UserID(1), isPrivileged: true).isGiver))
        await #expect(throws: DomainError.notFound) {
            try await platform.causes.transaction(id, for: UserID(8), isPrivileged: false)
        }
        let donation = DonationID(given.ids[0])
        #expect(
            try await platform.donations.donation(donation, for: TestPlatform.donor, isPrivileged: false).record.id
                == donation
        )
        #expect(
            try await platform.donations.donation(donation, for: UserID(1), isPrivileged: true).record.id == donation
        )
        await #expect(throws: DomainError.notFound) {
            try await platform.donations.donation(donation, for: TestPlatform.organizer, isPrivileged: false)
        }
    }
}
