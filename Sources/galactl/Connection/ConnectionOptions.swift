import ArgumentParser
import FoundationEssentials

/// How results are written.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table
    case json
}

/// The options of every command that asks a cluster.
struct ConnectionOptions: ParsableArguments {
    private static let local = "http://127.0.0.1:7001,http://127.0.0.1:7002,http://127.0.0.1:7003"

    @Option(help: ArgumentHelp("The nodes to ask, in this order, with commas between.", valueName: "url,…"))
    var endpoint = Self.local
    @Option(help: "The access token; else GALA_TOKEN, else that of ./var/admin.json.")
    var token: String?
    @Option(help: "How results are written.")
    var output = OutputFormat.table
    @Option(
        help: ArgumentHelp(
            "How long to wait for an answer, in seconds. Without it, 10; verify waits 600.",
            valueName: "seconds"
        )
    )
    var timeout: Int?

    /// How long to wait where the command and who calls it say nothing, in seconds.
    static let usualTimeout = 10

    func validate() throws {
        guard (1...3_600).contains(timeout ?? Self.usualTimeout) else {
            throw ValidationError("--timeout must be from 1 to 3600")
        }
        _ = try endpoints()
    }

    /// Base addresses, without a slash at the end.
    func endpoints() throws -> [String] {
        let endpoints = endpoint.split(separator: ",").map { text in
            String(text.hasSuffix("/") ? text.dropLast() : text)
        }
        guard !endpoints.isEmpty else { throw ValidationError("--endpoint must name at least one node") }
        for endpoint in endpoints where !endpoint.hasPrefix("http://") && !endpoint.hasPrefix("https://") {
            throw ValidationError("--endpoint must be http://HOST:PORT or https://HOST:PORT, not \(endpoint)")
        }
        return endpoints
    }

    /// The token, if there is one anywhere.
    func knownToken() -> String? {
        if let token { return token }
        if let token = ProcessInfo.processInfo.environment["GALA_TOKEN"], !token.isEmpty { return token }
        struct Credentials: Decodable {
            let token: String
        }
        guard let text = try? Data(contentsOf: URL(filePath: "var/admin.json")) else { return nil }
        return (try? JSONDecoder().decode(Credentials.self, from: text))?.token
    }

    /// Asks the cluster something, and closes all connections afterwards.
    ///
    /// - Parameter usualTimeout: How long an answer may take where the caller does not say, in seconds.
    func withCluster<Value>(
        usualTimeout: Int = Self.usualTimeout,
        _ body: (ClusterConnection) async throws -> Value
    ) async throws -> Value {
        let connection = ClusterConnection(
            endpoints: try endpoints(),
            token: knownToken(),
            timeoutSeconds: timeout ?? usualTimeout
        )
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }
}
