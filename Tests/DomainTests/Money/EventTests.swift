import KVStore
import ModelStore
import Testing

@testable import Domain

@Suite struct EventTests {
    private let platform = TestPlatform()

    @Test func eventsGoWhereTheyMayAndNowhereElse() async throws {
        let event = try await platform.cause()
        #expect(try await platform.bring(event, to: .closed).status == 200)
        await #expect(throws: DomainError.illegalTransition(from: "closed", possible: ["cancelled"])) {
            try await platform.bring(event, to: .closed)
        }
        #expect(try await platform.bring(event, to: .cancelled).status == 200)
        for status in [Event.Status.closed, .cancelled, .open] {
            await #expect(throws: DomainError.illegalTransition(from: "cancelled", possible: [])) {
                try await platform.bring(event, to: status)
            }
        }
        #expect(try await platform.breaches() == [])
    }

    @Test func aRepeatedRequestToCloseIsToldTheSame() async throws {
        let event = try await platform.cause()
        let key = TestPlatform.key("c", TestPlatform.organizer)
        for isReplay in [false, true] {
            let closed = try await platform.events.bring(event, to: .closed, by: TestPlatform.organizer, once: key) {
                _ in
                RecordedAnswer(status: 200, content: [])
            }
            #expect(closed.status == 200 && closed.isReplay == isReplay)
        }
    }

    @Test func onlyWhoOrganizesItMayChangeAnEvent() async throws {
        let own = try await platform.cause()
        let shared = try await platform.cause(organization: OrganizationID(5))
        for event in [own, shared] {
            await #expect(throws: DomainError.forbidden) {
                try await platform.bring(event, to: .closed, by: UserID(8))
            }
            let version = try await platform.events.event(event).version
            await #expect(throws: DomainError.forbidden) {
                try await platform.events.change(event, seen: version, by: UserID(8)) { $0.details }
            }
        }
        await #expect(throws: DomainError.forbidden) {
            try await platform.cause(by: UserID(8), organization: OrganizationID(5))
        }
        await #expect(throws: DomainError.notFound) { try await platform.bring(EventID(4), to: .closed) }
    }

    @Test func aChangeNeedsTheStateThatWasSeen() async throws {
        let event = try await platform.cause()
        let seen = try await platform.events.event(event)
        let changed = try await platform.events.change(event, seen: seen.version, by: TestPlatform.organizer) {
            var details = $0.details
            details.goal = 5_000
            return details
        }
        #expect(changed.version > seen.version)
        #expect(try await platform.events.event(event).version == changed.version)
        #expect(changed.record.made == seen.version.instant)
        await #expect(throws: DomainError.stale) {
            try await platform.events.change(event, seen: seen.version, by: TestPlatform.organizer) { $0.details }
        }
    }

    @Test func detailsThatMakeNoSenseAreRefused() async throws {
        let event = try await platform.cause()
        let version = try await platform.events.event(event).version
        let bad: [(String, @Sendable (inout EventDetails) -> Void)] = [
            ("/name", { $0.name = "" }), ("/name", { $0.name = "a\u{7}" }), ("/goal", { $0.goal = 0 }),
            ("/goal", { $0.goal = .max }), ("/capacity", { $0.capacity = -1 }),
            ("/timeZone", { $0.timeZone = "Europe/Atlantis" }), ("/timeZone", { $0.timeZone = "europe/berlin" }),
            (
                "/endsAt",
                {
                    $0.starts = Instant(milliseconds: 2_000)
                    $0.ends = Instant(milliseconds: 1_000)
                }
            ),
        ]
        for (pointer, change) in bad {
            do {
                _ = try await platform.events.change(event, seen: version, by: TestPlatform.organizer) {
                    var details = $0.details
                    change(&details)
                    return details
                }
                Issue.record("\(pointer) was accepted")
            } catch let error as DomainError {
                #expect(error.faults.map(\.pointer) == [pointer])
            }
        }
    }

    @Test(arguments: ["Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC", "Asia/Kolkata", "US/Pacific"])
    func zonesOfTheDatabaseAreKnown(name: String) { #expect(TimeZoneNames.contains(name)) }

    @Test(arguments: ["Asia/\u{212A}olkata", "asia/kolkata", "Asia/Kolkata ", ""])
    func aZoneIsSpeltAsInTheDatabase(name: String) { #expect(!TimeZoneNames.contains(name)) }

    @Test func theListIsNewestFirstAndItsCursorStable() async throws {
        var made: [EventID] = []
        for _ in 0..<5 { made.append(try await platform.cause()) }
        let first = try await platform.events.list(PageRequest(limit: 2))
        #expect(first.items.map(\.record.id) == [made[4], made[3]])
        _ = try await platform.cause()
        let rest = try await platform.events.list(PageRequest(after: first.next))
        #expect(rest.items.map(\.record.id) == [made[2], made[1], made[0]] && rest.next == nil)
    }

    /// No more is read than a page holds, but for the part that fills it.
    @Test func aListOfLargeEventsHasShortPages() async throws {
        var details = EventDetails(name: "A well for the village")
        details.description = String(repeating: "\u{1F3D7}", count: 5_000)
        let draft = Events.Draft(owner: TestPlatform.organizer, currency: TestPlatform.usd, details: details)
        for _ in 0..<130 {
            _ = try await platform.events.make(draft, once: nil) { _ in RecordedAnswer(status: 201, content: []) }
        }
        let first = try await platform.events.list(PageRequest(limit: 1_000))
        #expect(first.items.count == PageRequest.usualLimit && first.next == first.places.last)
        let rest = try await platform.events.list(PageRequest(limit: 1_000, after: first.next))
        #expect(rest.items.count == 30 && rest.next == nil)
        let ids = (first.items + rest.items).map(\.record.id)
        #expect(Set(ids).count == 130 && ids == ids.sorted(by: >))
    }
}
