public import KVStore

/// Users: signing up, finding, changing.
///
/// All of a user's records are changed in transactions of their own; nothing here is done twice, and nothing half.
public struct Accounts: Sendable {
    let services: Services
    let secrets: any SecretMaker
    private let requests: Requests

    /// Accounts of a store.
    public init(_ services: Services, secrets: any SecretMaker) {
        self.services = services
        requests = Requests(services)
        self.secrets = secrets
    }

    // MARK: Signing up

    /// What a sign-up says.
    public struct SignUp: Sendable {
        /// The wanted name.
        public let username: Username
        /// The password as it is to be kept.
        public let passwordHash: String
        /// What the user says of himself.
        public let profile: Profile
        /// What he may do.
        public let roles: Roles

        /// Makes a sign-up; roles other than ``Roles/donor`` are an admin's to give.
        public init(username: Username, passwordHash: String, profile: Profile, roles: Roles = .donor) {
            self.username = username
            self.passwordHash = passwordHash
            self.profile = profile
            self.roles = roles
        }
    }

    /// Somebody else has the name.
    public static let usernameTaken = DomainError(
        .conflict,
        "username-taken",
        "Somebody else has this user name."
    )

    /// Looks whether a sign-up could succeed as things are, before its password costs a hash.
    ///
    /// - Throws: ``DomainError``: `invalid`, or `username-taken`; and what the store throws.
    public func check(_ username: Username, _ profile: Profile) async throws {
        let snapshot = try await services.database.snapshot()
        try Self.check(profile, snapshot.timestamp.instant)
        let holder = try await snapshot.record(UsernameEntry.self, at: .username(username))
        if holder != nil { throw Self.usernameTaken }
    }

    /// A new user. Of several who want the same name at once, one gets it.
    ///
    /// - Throws: ``DomainError``: `invalid`, or `username-taken`; and what the store throws.
    public func signUp(_ request: SignUp) async throws -> Stored<User> {
        let id: UserID = try await services.ids.mint()
        do {
            return try await signUp(request, id)
        } catch TransactionError.refused(.checkFailed, _) {
            throw Self.usernameTaken
        } catch TransactionError.unknown {
            return try await signUpInDoubt(request, id)
        }
    }

    /// Goes on with a sign-up whose first try may have taken place, or may yet. The same id makes it the same sign-up: it
    /// happens once.
    ///
    /// - Throws: `username-taken` where somebody else has the name, which is final; else ``TransactionError/unknown``,
    ///   whatever came of the later tries.
    private func signUpInDoubt(_ request: SignUp, _ id: UserID) async throws -> Stored<User> {
        for _ in 0..<2 {
            do {
                return try await signUp(request, id)
            } catch TransactionError.refused(.checkFailed, _) {
                guard let holder = try? await user(named: request.username) else { break }
                guard holder.record.id == id else { throw Self.usernameTaken }
                return holder
            } catch {
                continue
            }
        }
        throw TransactionError.unknown
    }

    /// The same for a request that has a key: however often it comes, there is one user, and one answer.
    ///
    /// - Parameter answer: What to tell of the user.
    public func signUp(
        _ request: SignUp,
        once key: RequestKey,
        answer: (User) -> RecordedAnswer
    ) async throws -> Concluded {
        let id: UserID = try await services.ids.mint()
        let name = DomainKey.username(request.username)
        return try await requests.carryOut(key, .user(id)) { transaction in
            answer(try await Self.add(request, id, transaction))
        } explaining: { _, place in
            place == name.bytes ? Self.usernameTaken : nil
        }
    }

    private func signUp(_ request: SignUp, _ id: UserID) async throws -> Stored<User> {
        let committed = try await services.database.transact { try await Self.add(request, id, $0) }
        return Stored(committed.value, version: committed.timestamp)
    }

    private static func add(_ request: SignUp, _ id: UserID, _ transaction: Transaction) async throws -> User {
        let now = try await transaction.now()
        try check(request.profile, now)
        let user = User(
            id: id,
            username: request.username,
            profile: request.profile,
            roles: request.roles,
            createdAt: now
        )
        try transaction.insert(UsernameEntry(id), at: .username(request.username))
        try transaction.insert(user, at: .user(id))
        try transaction.insert(Credentials(passwordHash: request.passwordHash), at: .credentials(id))
        try transaction.insert(UsernameEntry(id), at: UserList.key(of: id))
        return user
    }

    // MARK: Finding

    /// A user.
    ///
    /// - Throws: `not-found`.
    public func user(_ id: UserID) async throws -> Stored<User> {
        guard let user = try await services.database.snapshot().record(User.self, at: .user(id)) else {
            throw DomainError.notFound
        }
        return user
    }

    /// The user who has a name; nil where nobody has it.
    public func user(named name: Username) async throws -> Stored<User>? {
        let snapshot = try await services.database.snapshot()
        guard let entry = try await snapshot.record(UsernameEntry.self, at: .username(name)) else { return nil }
        return try await snapshot.record(User.self, at: .user(entry.record.user))
    }

    /// All users, the newest first. For admins.
    public func users(_ page: PageRequest, _ actor: Actor) async throws -> Page<Stored<User>> {
        try actor.require(.admin)
        let snapshot = try await services.database.snapshot()
        let ids = try await UserList.page(page, snapshot)
        if ids.items.isEmpty { return Page(items: [], places: [], next: nil) }
        let entries = try await snapshot.get(ids.items.map { DomainKey.user($0).bytes })
        var users: [Stored<User>] = []
        var places: [[UInt8]] = []
        for (number, entry) in entries.enumerated() {
            guard let entry else { continue }
            users.append(try Stored(entry, at: DomainKey.user(ids.items[number]).bytes))
            places.append(ids.places[number])
        }
        return Page(items: users, places: places, next: ids.next)
    }

    // MARK: Changing

    /// Changes what a user says of himself.
    ///
    /// - Parameter version: What the caller has seen.
    /// - Throws: ``DomainError``: `invalid`, `precondition-failed`, `not-found`; and what the store throws.
    public func update(
        _ id: UserID,
        ifVersion version: Timestamp,
        _ change: @Sendable (inout Profile) -> Void
    ) async throws -> Stored<User> {
        let committed = try await services.database.transact { transaction in
            var user = try await Self.current(id, version, transaction)
            let now = try await transaction.now()
            change(&user.profile)
            try Self.check(user.profile, now)
            user.updatedAt = now
            transaction.put(user, at: .user(id))
            return user
        }
        return Stored(committed.value, version: committed.timestamp)
    }

    /// Gives a user other roles. His tokens end at once; his sessions go on and get new ones.
    ///
    /// - Returns: the user, and what was revoked, for the node to know at once.
    /// - Throws: ``DomainError``: `forbidden`, `precondition-failed`, `not-found`, `own-role` for an admin who would take
    ///   his own right to give it back; and what the store throws.
    public func setRoles(
        _ roles: Roles,
        of id: UserID,
        ifVersion version: Timestamp,
        _ actor: Actor
    ) async throws -> (user: Stored<User>, revocation: Revocation) {
        try actor.require(.admin)
        guard actor.user != id || roles.contains(.admin) else {
            throw DomainError(.conflict, "own-role", "An admin cannot take this role from himself.")
        }
        let committed = try await services.database.transact { transaction in
            var user = try await Self.current(id, version, transaction)
            user.roles = roles
            user.updatedAt = try await transaction.now()
            transaction.put(user, at: .user(id))
            var credentials = try await Self.credentials(id, transaction)
            credentials.beginEpoch()
            transaction.put(credentials, at: .credentials(id))
            let revocation = Revocation.epoch(of: id, credentials)
            try await RevocationLog.append(revocation, transaction)
            return (user, revocation)
        }
        return (Stored(committed.value.0, version: committed.timestamp), committed.value.1)
    }

    // MARK: Within

    private static func current(
        _ id: UserID,
        _ version: Timestamp,
        _ transaction: Transaction
    ) async throws -> User {
        guard let stored = try await transaction.record(User.self, at: .user(id)) else { throw DomainError.notFound }
        guard stored.version == version else { throw DomainError.stale }
        return stored.record
    }

    static func credentials(_ id: UserID, _ transaction: Transaction) async throws -> Credentials {
        guard let stored = try await transaction.record(Credentials.self, at: .credentials(id)) else {
            throw DomainError.notFound
        }
        return stored.record
    }

    private static func check(_ profile: Profile, _ now: Instant) throws(DomainError) {
        var faults = FaultCollector()
        profile.check(today: CalendarDate(daysSince1970: Int(now.milliseconds / 86_400_000)), &faults)
        try faults.finish()
    }
}
