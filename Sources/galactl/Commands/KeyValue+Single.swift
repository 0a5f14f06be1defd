import ArgumentParser
import FoundationEssentials
import NIOHTTP1

/// Prints a value.
struct KeyValueGet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Print a key's value, as it is; or with its version, in base64, as JSON.",
        discussion: "EXAMPLE\n  galactl kv get greeting\n  galactl kv get greeting --output json"
    )

    private struct Item: Encodable {
        let key: String
        let value: String
        let version: String?
    }

    @Argument(help: "The key.")
    var key: String
    @Option(help: "How up to date the value is to be.")
    var consistency = Consistency.linearizable
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let path = "/v1/kv/\(KeyInAddress.encode(key.utf8))?consistency=\(consistency.rawValue)"
        let answer = try await connection.withCluster { try await $0.ask(.GET, path) }
        switch connection.output {
        case .table: Console.write(answer.body)
        case .json:
            let value = Data(answer.body).base64EncodedString()
            try JSONOutput.write(Item(key: key, value: value, version: answer.version))
        }
    }
}

/// Writes a value.
struct KeyValuePut: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put",
        abstract: "Give a key a value, and print the value's version.",
        discussion: """
            EXAMPLE
              galactl kv put greeting hello
              galactl kv put photo - < photo.jpg
            """
    )

    private struct Written: Encodable {
        let key: String
        let version: String?
    }

    @Argument(help: "The key.")
    var key: String
    @Argument(help: "The value; - takes it from the standard input.")
    var value: String
    @Flag(help: "Only if the key has no value.")
    var ifAbsent = false
    @OptionGroup var conditions: WriteConditions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if ifAbsent, conditions.ifVersion != nil {
            throw ValidationError("--if-absent and --if-version exclude each other")
        }
    }

    func run() async throws {
        let bytes = value == "-" ? try Console.readAll() : Array(value.utf8)
        let headers = conditions.headers + (ifAbsent ? [("If-None-Match", "*")] : [])
        let answer = try await connection.withCluster {
            try await $0.ask(.PUT, "/v1/kv/\(KeyInAddress.encode(key.utf8))", headers: headers, body: bytes)
        }
        switch connection.output {
        case .table: Console.write("version \(answer.version ?? "unknown")\n")
        case .json: try JSONOutput.write(Written(key: key, version: answer.version))
        }
    }
}

/// Removes a key.
struct KeyValueDelete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Remove a key, if it is there.",
        discussion: "EXAMPLE\n  galactl kv delete greeting"
    )

    @Argument(help: "The key.")
    var key: String
    @OptionGroup var conditions: WriteConditions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        _ = try await connection.withCluster {
            try await $0.ask(.DELETE, "/v1/kv/\(KeyInAddress.encode(key.utf8))", headers: conditions.headers)
        }
        try Done(done: "\(key) has no value now").write(connection.output)
    }
}
