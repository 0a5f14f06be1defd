import API
import ArgumentParser
import FoundationEssentials

/// Makes what a new cluster needs before anybody can log in.
struct CreateAdmin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create-admin",
        abstract: "Make the first administrator's account, and the keys that sign tokens.",
        discussion: """
            Writes DIRECTORY/accounts.json and DIRECTORY/token-keys.json, which every node is to have, and the \
            credentials with a first token to a file for yourself, all readable by the owner only. Files that are there \
            are not overwritten; what was interrupted is finished by the same call. The password is taken from \
            GALA_ADMIN_PASSWORD, or made up.

            EXAMPLE
              gala create-admin --directory var/security --credentials var/admin.json --cluster-id local
            """
    )

    @Option(help: "Where the files for the nodes are written.")
    var directory: String
    @Option(help: "Where the administrator's credentials are written.")
    var credentials: String
    @Option(help: "The cluster's id.")
    var clusterId = "local"
    @Option(help: "The administrator's name.")
    var username = "admin"
    @Option(help: "How long the first token holds.")
    var tokenDays = 30

    func validate() throws {
        guard (1...3_650).contains(tokenDays) else { throw ValidationError("--token-days must be from 1 to 3650") }
        guard (1...256).contains(username.utf8.count) else {
            throw ValidationError("--username must be 1 to 256 bytes")
        }
    }

    func run() async throws {
        let password = ProcessInfo.processInfo.environment[FirstAdministrator.variable] ?? Self.madeUp()
        let account = try FirstAdministrator.account(named: username, password: password)
        let keys = try TokenKeys.generate()
        let tokens = await AccessTokens(keys: keys, cluster: clusterId)
        let token = try await tokens.issue(to: account, seconds: Int64(tokenDays) * 86_400)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let written = Credentials(username: username, password: password, token: token)
        // Who finds the credentials finds the rest.
        let areThese = try NewFile.write(all: [
            (directory + "/accounts.json", try AccountFile([account]).text),
            (directory + "/token-keys.json", try keys.text), (credentials, try encoder.encode(written)),
        ])
        if !areThese { print("What an earlier call had begun is finished: \(credentials) has its name and password.") }
    }

    private struct Credentials: Encodable {
        let username: String
        let password: String
        let token: String
    }

    /// 120 random bits.
    private static func madeUp() -> String {
        let letters = Array("abcdefghijkmnpqrstuvwxyz23456789")
        var random = SystemRandomNumberGenerator()
        return String((0..<24).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] })
    }
}
