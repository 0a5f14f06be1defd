import KVStore
import ModelStore
import Testing

@testable import Domain

private func holds(_ grant: Accounts.SessionGrant, _ view: RevocationView) -> Bool {
    !view.isRevoked(user: grant.user, session: grant.session, epoch: grant.epoch)
}

@Suite struct SessionTests {
    private let fixture = Fixture()
    private var accounts: Accounts { fixture.accounts }

    /// What a node knows that has just read along.
    private func view() async throws -> RevocationView {
        var view = RevocationView()
        let read = try await RevocationLog(fixture.services.database).entries(since: nil)
        view.take(read.revocations, upTo: read.upTo)
        return view
    }

    private func expectOver(_ token: RefreshToken) async {
        do {
            _ = try await accounts.refresh(token)
            Issue.record("the token still holds")
        } catch { #expect((error as? DomainError)?.kind == .unauthenticated) }
    }

    @Test func refreshTokensAreGoodForOneUse() async throws {
        _ = try await fixture.user("amelie")
        let first = try await fixture.session("amelie")
        let second = try await accounts.refresh(first.refreshToken)
        let third = try await accounts.refresh(second.refreshToken)
        #expect(Set([first, second, third].map(\.refreshToken)).count == 3)
        #expect(Set([first, second, third].map(\.session)).count == 1)
    }

    @Test func aLostAnswerIsGivenOnceMore() async throws {
        _ = try await fixture.user("amelie")
        let first = try await fixture.session("amelie")
        let answer = try await accounts.refresh(first.refreshToken)
        fixture.backend.advance(by: .seconds(9))
        #expect(try await accounts.refresh(first.refreshToken).refreshToken == answer.refreshToken)
        _ = try await accounts.refresh(answer.refreshToken)
    }

    @Test func whoUsesATokenAgainLaterEndsTheSession() async throws {
        _ = try await fixture.user("amelie")
        let first = try await fixture.session("amelie")
        let other = try await fixture.session("amelie")
        let second = try await accounts.refresh(first.refreshToken)
        fixture.backend.advance(by: .seconds(11))
        await expectOver(first.refreshToken)
        await expectOver(second.refreshToken)
        #expect(try await !holds(second, view()))
        #expect(try await holds(other, view()))
        _ = try await accounts.refresh(other.refreshToken)
    }

    @Test func aTokenBeforeTheLastEndsTheSessionAtOnce() async throws {
        _ = try await fixture.user("amelie")
        let first = try await fixture.session("amelie")
        let second = try await accounts.refresh(first.refreshToken)
        let third = try await accounts.refresh(second.refreshToken)
        await expectOver(first.refreshToken)
        await expectOver(third.refreshToken)
    }

    @Test func aGuessEndsNobodysSession() async throws {
        _ = try await fixture.user("amelie")
        let grant = try await fixture.session("amelie")
        for place in [18, 30] + [7, 16] {
            var bytes = grant.refreshToken.bytes
            bytes[place] ^= 1
            if let guess = RefreshToken(bytes) { await expectOver(guess) }
        }
        _ = try await accounts.refresh(grant.refreshToken)
    }

    @Test func bytesThatAreNoTokenAreNone() async throws {
        _ = try await fixture.user("amelie")
        let bytes = try await fixture.session("amelie").refreshToken.bytes
        #expect(RefreshToken(bytes)?.bytes == bytes)
        #expect(RefreshToken([]) == nil)
        #expect(RefreshToken(Array(bytes.dropLast())) == nil)
        #expect(RefreshToken([2] + bytes.dropFirst()) == nil)
        #expect(RefreshToken([1] + [UInt8](repeating: 0, count: 64)) == nil)
    }

    @Test func ofManyUsesOfOneTokenAtOnceAllGetTheSame() async throws {
        _ = try await fixture.user("amelie")
        let first = try await fixture.session("amelie")
        let tokens = try await withThrowingTaskGroup(of: RefreshToken.self) { group in
            for _ in 0..<10 { group.addTask { try await accounts.refresh(first.refreshToken).refreshToken } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(tokens.count == 1)
    }

    @Test func aSessionEndsWhenNobodyProlongsIt() async throws {
        _ = try await fixture.user("amelie")
        let grant = try await fixture.session("amelie")
        fixture.backend.advance(by: .seconds(29 * 86_400))
        let next = try await accounts.refresh(grant.refreshToken)
        fixture.backend.advance(by: .seconds(31 * 86_400))
        await expectOver(next.refreshToken)
    }

    @Test func aLogoutEndsItsSessionOnly() async throws {
        _ = try await fixture.user("amelie")
        let one = try await fixture.session("amelie")
        let other = try await fixture.session("amelie")
        try await accounts.endSession(one.session, of: one.user)
        try await accounts.endSession(one.session, of: one.user)
        await expectOver(one.refreshToken)
        #expect(try await !holds(one, view()))
        #expect(try await holds(other, view()))
    }

    @Test func aPasswordChangeEndsTheOtherSessions() async throws {
        let user = try await fixture.user("amelie").record.id
        let one = try await fixture.session("amelie")
        let other = try await fixture.session("amelie")
        let candidate = try await accounts.loginCandidate(user)
        _ = try await accounts.changePassword(candidate, to: "new", keeping: one.session)
        #expect(try await holds(one, view()))
        #expect(try await !holds(other, view()))
        await expectOver(other.refreshToken)
        #expect(try await holds(accounts.refresh(one.refreshToken), view()))
        #expect(try await holds(fixture.session("amelie"), view()))
        // The old password was right when it was looked at, and is not any more.
        await #expect(throws: DomainError.self) { try await accounts.openSession(candidate) }
        await #expect(throws: DomainError.self) {
            try await accounts.changePassword(candidate, to: "newer", keeping: nil)
        }
    }

    @Test func aChangeOfRolesEndsAllTokensAndNoSession() async throws {
        let user = try await fixture.user("amelie")
        let admin = Actor(user: UserID(1), roles: .admin)
        let before = try await fixture.session("amelie")
        let roles: Roles = [.donor, .agent]
        let changed = try await accounts.setRoles(roles, of: user.record.id, ifVersion: user.version, admin)
        #expect(changed.user.record.roles == roles)
        #expect(try await !holds(before, view()))
        let after = try await accounts.refresh(before.refreshToken)
        #expect(after.roles == roles)
        #expect(try await holds(after, view()))
        // A later password change does not bring the old roles back.
        let candidate = try await accounts.loginCandidate(user.record.id)
        _ = try await accounts.changePassword(candidate, to: "new", keeping: before.session)
        #expect(try await !holds(before, view()))
        #expect(try await holds(after, view()))
    }

    @Test func onlyAdminsGiveRolesAndNoneTakesHisOwn() async throws {
        let user = try await fixture.user("amelie", roles: .admin)
        for roles in [Roles.donor, .agent, .organizer, .associate] {
            let actor = Actor(user: UserID(5), roles: roles)
            await #expect(throws: DomainError.forbidden) {
                try await accounts.setRoles(.admin, of: user.record.id, ifVersion: user.version, actor)
            }
        }
        await #expect(throws: DomainError.self) {
            try await accounts.setRoles(.donor, of: user.record.id, ifVersion: user.version, user.actor)
        }
    }

    @Test func aUserHasSoManySessionsAndNoMore() async throws {
        _ = try await fixture.user("amelie")
        let first = try await fixture.session("amelie")
        fixture.backend.advance(by: .seconds(1))
        let second = try await fixture.session("amelie")
        for _ in 2..<Accounts.sessionLimit {
            fixture.backend.advance(by: .seconds(1))
            _ = try await fixture.session("amelie")
        }
        fixture.backend.advance(by: .seconds(1))
        // The first was used last, so the second goes.
        let refreshed = try await accounts.refresh(first.refreshToken)
        _ = try await fixture.session("amelie")
        await expectOver(second.refreshToken)
        #expect(try await !holds(second, view()))
        _ = try await accounts.refresh(refreshed.refreshToken)
    }

    /// An entry stands under the time at which its transaction began, and appears later.
    @Test func aNodeThatReadsOnSeesWhatWasLongUnderWay() async throws {
        _ = try await fixture.user("amelie")
        let grant = try await fixture.session("amelie")
        let log = RevocationLog(fixture.services.database)
        var view = RevocationView()
        _ = try await fixture.services.database.transact(patience: TransactionLimits.longestPatience) { transaction in
            try await RevocationLog.append(.session(grant.session, of: grant.user), transaction)
            fixture.backend.advance(by: .seconds(55))
            let early = try await log.entries(since: view.nextRead)
            view.take(early.revocations, upTo: early.upTo)
        }
        #expect(holds(grant, view))
        let read = try await log.entries(since: view.nextRead)
        view.take(read.revocations, upTo: read.upTo)
        #expect(!holds(grant, view))
    }

    @Test func aNodeThatReadsOnMissesNothing() async throws {
        _ = try await fixture.user("amelie")
        let log = RevocationLog(fixture.services.database)
        var view = RevocationView()
        var ended: [Accounts.SessionGrant] = []
        for _ in 0..<20 {
            let grant = try await fixture.session("amelie")
            try await accounts.endSession(grant.session, of: grant.user)
            ended.append(grant)
            fixture.backend.advance(by: .seconds(30))
            let read = try await log.entries(since: view.nextRead)
            view.take(read.revocations, upTo: read.upTo)
        }
        for grant in ended { #expect(!holds(grant, view)) }
        while try await log.sweep(before: try #require(view.readUpTo)) {}
        #expect(try await log.entries(since: nil).revocations.isEmpty)
        view.forget(before: try #require(view.readUpTo).advanced(by: .seconds(1)))
        for grant in ended { #expect(holds(grant, view)) }
    }

    /// Sessions that have ended leave traces for a while, and one look passes over only so many.
    @Test func aPasswordChangeEndsSessionsThatLieBehindManyThatHaveEnded() async throws {
        let user = try await fixture.user("amelie").record.id
        let early = try await fixture.session("amelie")
        for _ in 0..<5 {
            let ended = try await fixture.services.ids.mint(1_000).map { DomainKey.session(SessionID($0), of: user) }
            let database = fixture.services.database
            _ = try await database.transact { txn in for key in ended { txn.put(UsernameEntry(user), at: key) } }
            _ = try await database.transact { txn in for key in ended { txn.delete(key) } }
        }
        let late = try await fixture.session("amelie")
        let username = try #require(Username("amelie"))
        let candidate = try #require(try await accounts.loginCandidate(named: username))
        _ = try await accounts.changePassword(candidate, to: "another hash", keeping: nil)
        await expectOver(early.refreshToken)
        await expectOver(late.refreshToken)
    }

    @Test func whatWasSweptBeforeDoesNotHideWhatIsToBeSwept() async throws {
        let user = try await fixture.user("amelie").record.id
        let log = RevocationLog(fixture.services.database)
        for count in [800, 800, 5] {
            let ids = try await fixture.services.ids.mint(count)
            _ = try await fixture.services.database.transact { txn in
                for id in ids { try await RevocationLog.append(.session(SessionID(id), of: user), txn) }
            }
            fixture.backend.advance(by: .seconds(30))
            let (noted, upTo) = try await log.entries(since: nil)
            #expect(noted.count == count)
            while try await log.sweep(before: upTo) {}
            #expect(try await log.entries(since: nil).revocations.isEmpty)
        }
    }
}
