import AsyncHTTPClient
import FoundationEssentials
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks nodes over HTTP, one after the other until one answers.
///
/// Past a node that cannot be reached, or says that it did nothing (503), the next is asked. A write whose connection
/// broke on the way is not sent again: nobody knows whether it took effect.
struct ClusterConnection {
    /// What a node said.
    struct Answer {
        let endpoint: String
        let status: Int
        let headers: HTTPHeaders
        let body: [UInt8]
    }

    private static let bodyBytesLimit = 256 << 20

    let endpoints: [String]
    private let token: String?
    private let timeout: TimeAmount
    private let client: HTTPClient

    init(endpoints: [String], token: String?, timeoutSeconds: Int) {
        self.endpoints = endpoints
        self.token = token
        timeout = .seconds(Int64(timeoutSeconds))
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = .seconds(min(3, Int64(timeoutSeconds)))
        configuration.redirectConfiguration = .disallow
        // One attempt an address: the next node is asked instead.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func close() async { try? await client.shutdown() }

    /// The first node's answer that tells something, if it is a success; its problem as a failure otherwise.
    ///
    /// - Parameter changesNothing: True for a request that may be sent again whatever became of it.
    func ask(
        _ method: HTTPMethod,
        _ path: String,
        headers: [(String, String)] = [],
        body: [UInt8]? = nil,
        changesNothing: Bool = false
    ) async throws -> Answer {
        var last: Failure?
        for endpoint in endpoints {
            let answer: Answer
            do {
                answer = try await ask(endpoint, method, path, headers: headers, body: body)
            } catch {
                guard method == .GET || changesNothing || Self.neverArrived(error) else {
                    throw Failure.failed("\(endpoint): \(Self.text(error)); nobody knows whether it took effect")
                }
                last = .unreachable("\(endpoint): \(Self.text(error))")
                continue
            }
            if answer.status < 400 { return answer }
            let failure = Failure.failed("\(endpoint): \(Self.problem(answer))")
            guard answer.status == 503 else { throw failure }
            last = failure
        }
        throw last ?? .unreachable("there is no node to ask")
    }

    /// One node's answer, whatever it is.
    func ask(
        _ endpoint: String,
        _ method: HTTPMethod,
        _ path: String,
        headers: [(String, String)] = [],
        body: [UInt8]? = nil
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: endpoint + path)
        request.method = method
        request.headers = HTTPHeaders(headers)
        request.headers.add(name: "User-Agent", value: "galactl")
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let body { request.body = .bytes(body) }
        let response = try await client.execute(request, timeout: timeout)
        let collected = try await response.body.collect(upTo: Self.bodyBytesLimit)
        return Answer(
            endpoint: endpoint,
            status: Int(response.status.code),
            headers: response.headers,
            body: Array(collected.readableBytesView)
        )
    }

    /// Whether an error shows that the request cannot have reached the node.
    private static func neverArrived(_ error: any Error) -> Bool {
        if error is NIOConnectionError { return true }
        if let error = error as? IOError {
            return [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL].contains(error.errnoCode)
        }
        guard let error = error as? HTTPClientError else { return false }
        return error == .connectTimeout || error == .tlsHandshakeTimeout || error == .invalidURL
    }

    /// An error in words.
    static func text(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            let reason = error.connectionErrors.first.map { "\($0.error)" } ?? "its name is unknown"
            return "cannot be reached: \(reason)"
        case let error as IOError where neverArrived(error): return "cannot be reached: \(error)"
        case let error as HTTPClientError where error == .connectTimeout: return "cannot be reached in time"
        case let error as HTTPClientError where error == .deadlineExceeded: return "did not answer in time"
        default: return "\(error)"
        }
    }

    /// What a problem says, in a line.
    static func problem(_ answer: Answer) -> String {
        struct Problem: Decodable {
            struct Fault: Decodable {
                let parameter: String?
                let pointer: String?
                let detail: String
            }

            let code: String
            let title: String
            let detail: String?
            let errors: [Fault]?
        }
        guard let problem = try? JSONDecoder().decode(Problem.self, from: Data(answer.body)) else {
            return "status \(answer.status)"
        }
        let faults = (problem.errors ?? []).map { " \($0.parameter ?? $0.pointer ?? "") \($0.detail)." }.joined()
        return "\(problem.code): \(problem.title)" + (problem.detail.map { " " + $0 } ?? "") + faults
    }
}
