import Domain
import KVStore
import ModelStore
import Testing

@Suite struct SignUpTests {
    private let fixture = Fixture()

    @Test func whoSignsUpIsFoundByNameAndByID() async throws {
        let new = try await fixture.user("Amelie")
        #expect(new.record.roles == .donor)
        #expect(try await fixture.accounts.user(new.record.id).record == new.record)
        let found = try #require(try await fixture.find("aMELIE"))
        #expect(found.record == new.record)
        #expect(found.version == new.version)
        #expect(try await fixture.find("amelia") == nil)
        await #expect(throws: DomainError.notFound) { try await fixture.accounts.user(UserID(1)) }
    }

    @Test func ofManyWhoWantOneNameOneGetsIt() async throws {
        let outcomes = await withTaskGroup(of: Bool?.self) { group in
            for number in 0..<40 {
                group.addTask {
                    do {
                        _ = try await fixture.user(number % 2 == 0 ? "amelie" : "AMELIE")
                        return true
                    } catch let error as DomainError {
                        return error.code == "username-taken" && error.kind == .conflict ? false : nil
                    } catch { return nil }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.filter { $0 == true }.count == 1)
        #expect(outcomes.filter { $0 == false }.count == 39)
    }

    @Test func whoTookTheNameHimselfHasIt() async throws {
        fixture.backend.failures = FailureOdds(unknownWithEffect: 1_000)
        let user = try await fixture.user("amelie")
        #expect(try await fixture.find("amelie")?.record == user.record)
    }

    /// Whatever answers get lost: who was told that he has the name has it, and nobody else was told so.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func aLostAnswerDoesNotCostTheName(_ seed: UInt64) async throws {
        let fixture = Fixture(seed: seed, failures: .each(perMille: 100))
        var told: [UserID] = []
        for _ in 0..<20 {
            do { told.append(try await fixture.user("amelie").record.id) } catch is TransactionError {
            } catch let error as DomainError { #expect(error.code == "username-taken") }
        }
        fixture.backend.failures = .none
        fixture.backend.settle()
        let holder = try #require(try await fixture.find("amelie"))
        #expect(told.count <= 1)
        if let winner = told.first { #expect(holder.record.id == winner) }
    }

    /// Who is told that nothing happened, and nothing will, has no name by it.
    @Test(arguments: 1...300 as ClosedRange<UInt64>)
    func whatIsSaidToHaveFailedHasNotHappened(_ seed: UInt64) async throws {
        let fixture = Fixture(seed: seed, failures: .each(perMille: 400))
        var isInDoubt = false
        do {
            _ = try await fixture.user("amelie")
            isInDoubt = true
        } catch TransactionError.unknown {
            isInDoubt = true
        } catch {}
        fixture.backend.failures = .none
        fixture.backend.settle()
        if try await fixture.find("amelie") != nil { #expect(isInDoubt) }
    }

    @Test(arguments: ["", "a b", "a/b", "a\0", "é", String(repeating: "a", count: 65)])
    func someNamesAreNone(_ text: String) { #expect(Username(text) == nil) }

    @Test func whoIsNewCannotHaveDigitsOnlyForAName() {
        for text in ["7", "007", "1152921504606846976", "", "a b"] { #expect(Username(new: text) == nil) }
        for text in ["a7", "7a", "7.", "+7"] { #expect(Username(new: text) != nil) }
        // Who has such a name from before keeps it.
        #expect(Username("007") != nil)
    }

    @Test func everythingThatIsWrongIsToldAtOnce() async throws {
        let profile = Profile(
            name: " ",
            email: "a@b@c",
            dateOfBirth: CalendarDate("2999-01-01"),
            location: "a\u{7}b"
        )
        let name = try #require(Username("amelie"))
        do {
            _ = try await fixture.accounts.signUp(.init(username: name, passwordHash: "", profile: profile))
            Issue.record("it was accepted")
        } catch let error as DomainError {
            #expect(error.kind == .invalid)
            #expect(error.faults.map(\.pointer) == ["/name", "/email", "/location", "/dateOfBirth"])
            #expect(error.faults.map(\.code) == ["blank-at-end", "no-address", "control-character", "out-of-range"])
        }
        #expect(fixture.backend.contents.isEmpty)
    }

    @Test(arguments: [
        ("a@example.org", true), ("a.b+c@x.y.zz", true), ("ä@exämple.org", true), ("a@localhost", true), ("", false),
        ("a", false), ("@b", false), ("a@", false), ("a@b..c", false), ("a@-b.c", false), ("a b@c.d", false),
        ("a@b.c\n", false), ("a@b_c.d", false),
    ])
    func addressesAreWhereMailCouldBeSent(_ email: String, _ isAddress: Bool) async throws {
        let name = try #require(Username("amelie"))
        let profile = Profile(name: "A", email: email)
        do {
            _ = try await fixture.accounts.signUp(.init(username: name, passwordHash: "", profile: profile))
            #expect(isAddress)
        } catch is DomainError { #expect(!isAddress) }
    }

    @Test(arguments: [1, 2, 7])
    func allUsersAreListedTheNewestFirstWhileOthersSignUp(_ limit: Int) async throws {
        for number in 0..<25 { _ = try await fixture.user("user\(number)") }
        let admin = Actor(user: UserID(1), roles: .admin)
        var seen: [String] = []
        var place: [UInt8]?
        repeat {
            let page = try await fixture.accounts.users(PageRequest(limit: limit, after: place), admin)
            seen += page.items.map(\.record.username.description)
            place = page.next
            _ = try await fixture.user("late\(seen.count)")
        } while place != nil
        #expect(seen == (0..<25).reversed().map { "user\($0)" })
        await #expect(throws: DomainError.forbidden) {
            try await fixture.accounts.users(PageRequest(), Actor(user: UserID(1), roles: .agent))
        }
    }

    @Test func whereNobodyIsTheListIsEmpty() async throws {
        let page = try await Fixture().accounts.users(PageRequest(), Actor(user: UserID(1), roles: .admin))
        #expect(page.items.isEmpty && page.next == nil)
    }
}

@Suite struct ProfileTests {
    private let fixture = Fixture()

    @Test func aChangeNeedsTheVersionThatIsThere() async throws {
        let first = try await fixture.user("amelie")
        fixture.backend.advance(by: .seconds(1))
        let second = try await fixture.accounts.update(first.record.id, ifVersion: first.version) {
            $0.location = "Reno"
        }
        #expect(second.version > first.version)
        #expect(second.record.updatedAt > first.record.updatedAt)
        await #expect(throws: DomainError.stale) {
            try await fixture.accounts.update(first.record.id, ifVersion: first.version) { $0.location = nil }
        }
        let now = try await fixture.accounts.user(first.record.id)
        #expect(now.record.profile.location == "Reno")
        #expect(now.version == second.version)
    }

    @Test func ofManyWhoChangeTheSameVersionOneDoes() async throws {
        let first = try await fixture.user("amelie")
        let changed = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<20 {
                group.addTask {
                    let change = { @Sendable (profile: inout Profile) in profile.name = "name \(number)" }
                    let done = try? await fixture.accounts.update(first.record.id, ifVersion: first.version, change)
                    return done != nil
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(changed == 1)
    }
}
