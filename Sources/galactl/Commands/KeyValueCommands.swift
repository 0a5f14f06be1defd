import ArgumentParser
import NIOHTTP1

/// Verbs about the store's keys.
struct KeyValueCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kv",
        abstract: "Read and write keys of the store.",
        subcommands: [
            KeyValueGet.self, KeyValuePut.self, KeyValueDelete.self, KeyValueScan.self, KeyValueTransaction.self,
        ]
    )
}

/// How up to date a read is to be.
enum Consistency: String, ExpressibleByArgument, CaseIterable {
    case linearizable
    case stale
}

/// What a write is bound to.
struct WriteConditions: ParsableArguments {
    @Option(help: "Only if the key's version is this one.")
    var ifVersion: String?

    func validate() throws {
        if let ifVersion, UInt128(ifVersion) == nil { throw ValidationError("--if-version must be a version's number") }
    }

    var headers: [(String, String)] { ifVersion.map { [("If-Match", "\"\($0)\"")] } ?? [] }
}

extension ClusterConnection.Answer {
    /// The version that stands in the entity tag.
    var version: String? {
        headers.first(name: "ETag").map { tag in String(tag.dropFirst().dropLast()) }
    }
}
