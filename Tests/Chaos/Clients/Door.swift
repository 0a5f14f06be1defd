import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// The one way to the nodes: HTTP.
struct Door: Sendable {
    /// What came of a request.
    enum Outcome: Sendable {
        case answer(Answer)
        /// The node cannot have seen it.
        case neverArrived(String)
        /// The node may have seen it.
        case unknown(String)

        /// In a word, for tables.
        var name: String {
            switch self {
            case .answer(let answer): "\(answer.status)"
            case .neverArrived: "not reached"
            case .unknown(let why): why
            }
        }
    }

    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
        var tag: String? { headers.first(name: "ETag") }
    }

    private let client: HTTPClient
    private let token: String
    private static let bodyBytesLimit = 16 << 20

    init(token: String) {
        self.token = token
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = .milliseconds(500)
        configuration.redirectConfiguration = .disallow
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func close() async { try? await client.shutdown() }

    /// Asks a node once.
    ///
    /// - Parameter user: The token of who asks; without it the administrator asks.
    func ask(
        _ endpoint: String,
        _ method: HTTPMethod,
        _ path: String,
        headers: [(String, String)] = [],
        body: [UInt8]? = nil,
        as user: String? = nil,
        timeout: Duration
    ) async -> Outcome {
        var request = HTTPClientRequest(url: endpoint + path)
        request.method = method
        request.headers = HTTPHeaders(headers)
        request.headers.add(name: "Authorization", value: "Bearer \(user ?? token)")
        if let body { request.body = .bytes(body) }
        do {
            let patience = TimeAmount.nanoseconds(Int64(timeout / .nanoseconds(1)))
            let response = try await client.execute(request, timeout: patience)
            let collected = try await response.body.collect(upTo: Self.bodyBytesLimit)
            return .answer(
                Answer(
                    status: Int(response.status.code),
                    headers: response.headers,
                    body: Array(collected.readableBytesView)
                )
            )
        } catch {
            return Self.outcome(of: error)
        }
    }

    private static func outcome(of error: any Error) -> Outcome {
        if error is NIOConnectionError { return .neverArrived("\(error)") }
        if let error = error as? IOError {
            let isCertain = [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL].contains(error.errnoCode)
            return isCertain ? .neverArrived("\(error)") : .unknown("connection broken")
        }
        guard let error = error as? HTTPClientError else { return .unknown("connection broken") }
        if error == .connectTimeout { return .neverArrived("connect timeout") }
        return .unknown(error == .deadlineExceeded ? "timeout" : "connection broken")
    }
}
