import ArgumentParser
import FoundationEssentials
import NIOHTTP1

/// Makes a user who may do everything.
struct UserCreateAdmin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create-admin",
        abstract: "Make a user who is an administrator.",
        discussion: """
            The user lies in the store like any other, with sessions and a profile; the operator's account that \
            `gala create-admin` makes lies in a file, and logs in when the store is not there. The password is read from the \
            standard input, so that it stands in no list of processes and in no shell's history. Calling it again changes \
            nothing, and finishes what was interrupted; a user who is there already must have this password.

            EXAMPLE
              galactl user create-admin amelie --name 'Amélie' --email amelie@example.org < password.txt
            """
    )

    @Argument(help: "The user name.")
    var username: String
    @Option(help: "What the user is called.")
    var name: String
    @Option(help: "Where mail reaches the user.")
    var email: String
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let password = try Self.firstLine(Console.readAll())
        let user = try await connection.withCluster { try await make($0, password: password) }
        guard connection.output == .table else { return try JSONOutput.write(user) }
        Console.write(UserView.table([user]).text)
    }

    func make(_ cluster: ClusterConnection, password: String) async throws -> UserView {
        let user: UserView
        // Only an administrator may look for users: nobody is signed up who could not be given the role.
        if let found = try await existing(cluster, password) {
            user = found
        } else {
            user = try await signUp(cluster, password)
        }
        if user.roles.contains("admin") { return user }
        return try await cluster.setRoles(user.roles + ["admin"], of: user.id)
    }

    /// The user who has the name, if he has the password as well.
    private func existing(_ cluster: ClusterConnection, _ password: String) async throws -> UserView? {
        guard let user = try await cluster.user(named: username) else { return nil }
        do {
            _ = try await cluster.send(["username": username, "password": password], to: "/v1/sessions")
        } catch Failure.failed(let why) {
            throw Failure.failed("there is a user \(username), who cannot log in with this password (\(why))")
        }
        return user
    }

    private func signUp(_ cluster: ClusterConnection, _ password: String) async throws -> UserView {
        let members = ["username": username, "password": password, "name": name, "email": email]
        return try await cluster.send(members, to: "/v1/users").decoded(UserView.self)
    }

    /// A line that an editor or `echo` has ended.
    static func firstLine(_ bytes: [UInt8]) throws -> String {
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        guard let text = String(validating: line, as: UTF8.self), !text.isEmpty else {
            throw Failure.usage("the password must stand in the first line of the standard input, in UTF-8")
        }
        return text
    }
}

extension ClusterConnection {
    fileprivate func send(_ members: [String: String], to path: String) async throws -> Answer {
        let body = [UInt8](try JSONEncoder().encode(members))
        return try await ask(.POST, path, headers: [("Content-Type", "application/json")], body: body)
    }
}
