import ArgumentParser
import FoundationEssentials
import NIOHTTP1

/// Verbs about users.
struct UserCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "List users, look at one, give roles; make an administrator.",
        subcommands: [UserList.self, UserShow.self, UserRole.self, UserCreateAdmin.self]
    )
}

/// A user as a node tells of him.
struct UserView: Codable, Equatable {
    let id: String
    let username: String
    let name: String
    let email: String
    let roles: [String]
    let createdAt: String

    /// The users of a list's page.
    struct Page: Decodable {
        let items: [UserView]
        let nextCursor: String?
    }

    /// Control characters escaped, so that no name can play with the terminal.
    static func table(_ users: [UserView]) -> Table {
        Table(
            ["ID", "USERNAME", "NAME", "ROLES", "SINCE"],
            users.map { user in
                [user.id, user.username, shown(user.name), user.roles.joined(separator: ","), user.createdAt]
            }
        )
    }

    private static func shown(_ text: String) -> String {
        text.unicodeScalars.map { $0.properties.generalCategory == .control ? $0.escaped(asASCII: true) : String($0) }
            .joined()
    }
}

/// How a command names a user: what is written as ids are is an id and nothing else, so that nobody can take another's
/// id for a name and be given what was meant for him.
enum UserReference: Equatable {
    case id(String)
    case name(String)

    init(_ text: String) { self = UInt64(text)?.description == text ? .id(text) : .name(text) }
}

extension ClusterConnection {
    /// A user by his name, or by his id.
    func user(_ reference: UserReference) async throws -> UserView {
        switch reference {
        case .id(let id): return try await ask(.GET, "/v1/users/\(id)").decoded(UserView.self)
        case .name(let name):
            guard let user = try await user(named: name) else { throw Failure.failed("there is no user \(name)") }
            return user
        }
    }

    /// The user who has a name; nil where nobody has it.
    func user(named name: String) async throws -> UserView? {
        let named = try await ask(.GET, "/v1/users?username=\(KeyInAddress.encode(name.utf8))")
        return try named.decoded(UserView.Page.self).items.first
    }

    /// Gives a user exactly these roles.
    func setRoles(_ roles: [String], of id: String) async throws -> UserView {
        let now = try await ask(.GET, "/v1/users/\(id)")
        guard let version = now.version else { throw Failure.failed("\(now.endpoint): its answer has no ETag") }
        let answer = try await ask(
            .PUT,
            "/v1/users/\(id)/roles",
            headers: [("If-Match", "\"\(version)\""), ("Content-Type", "application/json")],
            body: [UInt8](try JSONEncoder().encode(["roles": roles]))
        )
        return try answer.decoded(UserView.self)
    }
}

extension ClusterConnection.Answer {
    /// The body, as JSON of a kind.
    func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value {
        guard let value = try? JSONDecoder().decode(type, from: Data(body)) else {
            throw Failure.failed("\(endpoint): its answer cannot be understood")
        }
        return value
    }
}

/// Lists users.
struct UserList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List users, the newest first.",
        discussion: "EXAMPLE\n  galactl user list --limit 20"
    )

    private static let pageLimit = 1_000

    @Option(help: "The most users that are listed.")
    var limit = 100
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit must be at least 1") }
    }

    func run() async throws {
        let found = try await connection.withCluster { try await users($0) }
        guard connection.output == .table else { return try JSONOutput.write(["items": found]) }
        Console.write(UserView.table(found).text)
    }

    private func users(_ cluster: ClusterConnection) async throws -> [UserView] {
        var users: [UserView] = []
        var cursor: String?
        repeat {
            var path = "/v1/users?limit=\(min(limit - users.count, Self.pageLimit))"
            if let cursor { path += "&cursor=\(cursor)" }
            let page = try await cluster.ask(.GET, path).decoded(UserView.Page.self)
            users += page.items
            cursor = page.nextCursor
        } while cursor != nil && users.count < limit
        return users
    }
}

/// Shows a user.
struct UserShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a user.",
        discussion: "EXAMPLE\n  galactl user show amelie"
    )

    @Argument(help: "The user's name, or his id, which is digits only.")
    var user: String
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let found = try await connection.withCluster { try await $0.user(UserReference(user)) }
        guard connection.output == .table else { return try JSONOutput.write(found) }
        Console.write(UserView.table([found]).text)
    }
}

/// Gives a user other roles.
struct UserRole: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "role",
        abstract: "Give a user exactly these roles; without any, show which he has.",
        discussion: """
            Roles are donor, organizer, associate, agent and admin. The user's tokens end at once, on every node within two \
            seconds; his sessions go on and get tokens with the new roles.

            EXAMPLE
              galactl user role amelie donor agent
            """
    )

    @Argument(help: "The user's name, or his id, which is digits only.")
    var user: String
    @Argument(help: "The roles.")
    var roles: [String] = []
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let changed = try await connection.withCluster { cluster in
            let user = try await cluster.user(UserReference(user))
            return roles.isEmpty ? user : try await cluster.setRoles(roles, of: user.id)
        }
        guard connection.output == .table else { return try JSONOutput.write(changed) }
        Console.write(UserView.table([changed]).text)
    }
}
