import Domain
import KVStore
import ModelStore
import NIOConcurrencyHelpers
import Raft

/// An empty store and what services stand on.
struct Fixture {
    let backend: ModelBackend
    let services: Services
    let secrets = MadeUpSecrets()

    init(seed: UInt64 = 1, failures: FailureOdds = .none) {
        backend = ModelBackend(seed: seed, failures: failures)
        services = Services(database: Database(backend), ids: CountedIdentifiers())
    }

    var accounts: Accounts { Accounts(services, secrets: secrets) }
    var organizations: Organizations { Organizations(services) }

    /// A user with a name and a password.
    func user(_ name: String, roles: Roles = .donor) async throws -> Stored<User> {
        guard let username = Username(name) else { throw RecordError("\(name) is no user name") }
        let profile = Profile(name: name, email: "\(name)@example.org")
        return try await accounts.signUp(
            .init(username: username, passwordHash: "hash of \(name)", profile: profile, roles: roles)
        )
    }

    /// The user who has a name; nil where nobody has it.
    func find(_ name: String) async throws -> Stored<User>? {
        guard let username = Username(name) else { return nil }
        return try await accounts.user(named: username)
    }

    /// An organization whose owner is who asks.
    func organization(_ name: String, _ actor: Actor) async throws -> Stored<Organization> {
        var made: OrganizationID?
        let answer = { (organization: Organization) in
            made = organization.id
            return RecordedAnswer(status: 201, content: [])
        }
        _ = try await organizations.create(name: name, actor, once: nil, answer: answer)
        guard let made else { throw DomainError.notFound }
        return try await organizations.organization(made, actor)
    }

    /// A session of a user who is there.
    func session(_ name: String) async throws -> Accounts.SessionGrant {
        guard let username = Username(name), let candidate = try await accounts.loginCandidate(named: username) else {
            throw DomainError.notFound
        }
        return try await accounts.openSession(candidate)
    }
}

extension Stored where Value == User {
    var actor: Actor { Actor(user: record.id, roles: record.roles) }
}

/// 1, 2, 3, …
actor CountedIdentifiers: IdentifierSource {
    private var last: UInt64 = 1_000

    func mint(_ count: Int) -> [UInt64] {
        defer { last += UInt64(count) }
        return (1...UInt64(count)).map { last + $0 }
    }
}

/// Secrets that anybody can guess, and a digest that nobody should rely on: enough to see who knows what.
struct MadeUpSecrets: SecretMaker {
    private let generator = NIOLockedValueBox(SeededGenerator(seed: 99))

    func random(_ count: Int) -> [UInt8] {
        let start = generator.withLockedValue { $0.next() }
        return (0..<count).map { UInt8(truncatingIfNeeded: start >> UInt64(8 * ($0 % 8))) }
    }

    func digest(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        for lane in 0..<4 as Range<UInt64> {
            var hash = 0xCBF2_9CE4_8422_2325 &+ lane
            for byte in key + [0xFF] + message { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            var generator = SeededGenerator(seed: hash)
            let number = generator.next()
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        }
        return bytes
    }
}
