import Domain
import KVStore
import ModelStore
import Raft
import Testing

/// One user's client, which tries again whenever it was told that nobody knows, or that it had no effect.
private struct Client {
    let fixture: Fixture
    let name: String
    var generator: SeededGenerator

    private var accounts: Accounts { fixture.accounts }

    /// Signs up, keeps a session by refreshing it, changes this and that.
    ///
    /// - Returns: how often the session was prolonged.
    mutating func run(steps: Int) async throws -> Int {
        let user = try await again { try await signUp() }.record.id
        var grant = try await again { try await fixture.session(name) }
        var prolonged = 0
        for step in 0..<steps {
            switch generator.next() % 6 {
            case 0:
                // Whether an attempt of before took effect is seen in the version.
                let seen = try await again { try await accounts.user(user) }
                let changed = try? await accounts.update(user, ifVersion: seen.version) { $0.location = "step \(step)" }
                if let changed { #expect(changed.version > seen.version) }
            case 1:
                let other = try await again { try await fixture.session(name) }
                _ = try await again { try await accounts.endSession(other.session, of: user) }
            default:
                let (token, epoch) = (grant.refreshToken, grant.epoch)
                grant = try await again { try await accounts.refresh(token) }
                #expect(grant.refreshToken != token)
                #expect(grant.epoch >= epoch)
                prolonged += 1
            }
        }
        return prolonged
    }

    /// Who was told too often that nobody knows may find that he has the name already.
    private func signUp() async throws -> Stored<User> {
        do { return try await fixture.user(name) } catch is DomainError {
            return try #require(try await fixture.find(name))
        }
    }

    private func again<Value>(_ body: () async throws -> Value) async throws -> Value {
        while true {
            do { return try await body() } catch is TransactionError { continue }
        }
    }
}

/// Whatever answers get lost: whoever asks again keeps his session, and what is left in the store fits together.
@Test(arguments: 1...4 as ClosedRange<UInt64>)
func whoAsksAgainNeverLosesHisSession(_ seed: UInt64) async throws {
    let fixture = Fixture(seed: seed, failures: .each(perMille: 40))
    let prolonged = try await withThrowingTaskGroup(of: Int.self) { group in
        for number in 0..<6 as Range<UInt64> {
            group.addTask {
                let generator = SeededGenerator(seed: seed &* 1_000 + number)
                var client = Client(fixture: fixture, name: "user\(number)", generator: generator)
                return try await client.run(steps: 30)
            }
        }
        return try await group.reduce(0, +)
    }
    #expect(prolonged > 80)
    fixture.backend.failures = .none
    fixture.backend.settle()
    let admin = Actor(user: UserID(1), roles: .admin)
    let users = try await fixture.accounts.users(PageRequest(), admin).items
    #expect(Set(users.map(\.record.username.description)) == Set((0..<6).map { "user\($0)" }))
    #expect(users.count == 6)
    for user in users {
        let named = try await fixture.find(user.record.username.description)
        #expect(named?.record == user.record)
        #expect(try await fixture.accounts.loginCandidate(user.record.id).user == user.record.id)
    }
}
