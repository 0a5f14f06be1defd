import API
import ArgumentParser
import FoundationEssentials

/// Ends the tokens of an operator's account.
struct EndTokens: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "end-tokens",
        abstract: "End all tokens of an operator's account.",
        discussion: """
            Changes the file of operators' accounts, so that no token holds that the account was given before. Running \
            nodes see within a second or two that the file has changed: put it where each node has its own. The account \
            can log in as before.

            EXAMPLE
              gala end-tokens --accounts var/security/accounts.json --username admin
            """
    )

    @Option(help: "The file of operators' accounts.")
    var accounts: String
    @Option(help: "The account's name.")
    var username = "admin"

    func run() throws {
        guard let text = try? Data(contentsOf: URL(filePath: accounts)) else {
            throw StartFailure("\(accounts) cannot be read")
        }
        let file: AccountFile
        do throws(AccountFile.Unusable) { file = try AccountFile(text: text) } catch {
            throw StartFailure("\(accounts): \(error)")
        }
        guard let ended = file.endingTokens(of: username) else {
            throw StartFailure("\(accounts) has no account named \"\(username)\"")
        }
        try NewFile.write(try ended.text, to: accounts, replacing: true)
        print("All tokens that \(username) has been given before do not hold any more on nodes that have this file.")
    }
}
