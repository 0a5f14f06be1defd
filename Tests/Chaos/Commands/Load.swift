import NIOHTTP1
import Synchronization

/// Clients as applications have them: each request is sent to one node, and once more to another if that failed.
///
/// Every client writes ascending numbers to a key of its own, so that writing twice does no harm, and reads them back:
/// it must never read a number below the last one that was acknowledged.
final class Load: Sendable {
    /// What came of all requests.
    struct Tally: Sendable {
        var requests = 0
        /// Failed once, by reason.
        var firstFailures: [String: Int] = [:]
        /// Failed twice.
        var failures: [String] = []
        var staleReads: [String] = []
        var longestRequest = Duration.zero
        /// The longest time without any success.
        var longestGap = Duration.zero
        fileprivate var lastSuccess: ContinuousClock.Instant?
    }

    private let cluster: Cluster
    private let tallied = Mutex(Tally())
    private let over = Latch()
    private let prefix: String

    init(_ cluster: Cluster, prefix: String) {
        self.cluster = cluster
        self.prefix = prefix
    }

    var tally: Tally { tallied.withLock { $0 } }

    /// Lets clients work for as long as the body runs.
    func running(clients: Int, nodes: [Int] = Cluster.nodes, _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<clients { group.addTask { await self.work(client, nodes) } }
            do {
                try await body()
            } catch {
                over.set()
                throw error
            }
            over.set()
            try await group.waitForAll()
        }
    }

    private func work(_ client: Int, _ nodes: [Int]) async {
        var written = 0
        let path = "/v1/kv/\(prefix)-\(client)"
        var turn = client
        while !over.isSet, !Interruption.isRequested {
            turn += 1
            let order = (0..<2).map { nodes[(turn + $0) % nodes.count] }
            if turn % 2 == 0 {
                if await request(.PUT, path, body: Array("\(written + 1)".utf8), at: order) != nil { written += 1 }
            } else if written > 0, let answer = await request(.GET, path, body: nil, at: order) {
                let read = Int(answer.text) ?? 0
                if read < written {
                    tallied.withLock { $0.staleReads.append("\(path): \(read) after \(written) was acknowledged") }
                }
            }
            try? await Task.sleep(for: .milliseconds(2))
        }
    }

    /// A request with one retry, elsewhere; nil where both failed.
    private func request(_ method: HTTPMethod, _ path: String, body: [UInt8]?, at nodes: [Int]) async -> Door.Answer? {
        let began = ContinuousClock.now
        for (attempt, node) in nodes.enumerated() {
            let endpoint = cluster.endpoint(of: node)
            let outcome = await cluster.door.ask(endpoint, method, path, body: body, timeout: .seconds(5))
            if case .answer(let answer) = outcome, answer.status < 300 {
                tallied.withLock { Self.succeeded(began, &$0) }
                return answer
            }
            tallied.withLock { tally in
                if attempt == 0 {
                    tally.firstFailures["\(method) \(outcome.name)", default: 0] += 1
                } else {
                    tally.requests += 1
                    tally.failures.append("\(method) \(path) at node \(node): \(outcome.name)")
                }
            }
        }
        return nil
    }

    private static func succeeded(_ began: ContinuousClock.Instant, _ tally: inout Tally) {
        let now = ContinuousClock.now
        tally.requests += 1
        tally.longestRequest = max(tally.longestRequest, now - began)
        if let last = tally.lastSuccess { tally.longestGap = max(tally.longestGap, now - last) }
        tally.lastSuccess = now
    }
}

extension Load.Tally {
    /// What was seen, a line each.
    var text: String {
        let once = firstFailures.sorted { $0.key < $1.key }.map { "\($0): \($1)" }.joined(separator: ", ")
        return """
            requests         \(requests)
            failed once      \(firstFailures.values.reduce(0, +)) \(once.isEmpty ? "" : "(\(once))")
            failed twice     \(failures.count)
            stale reads      \(staleReads.count)
            longest request  \(Int(longestRequest / .milliseconds(1))) ms, its retry included
            longest gap      \(Int(longestGap / .milliseconds(1))) ms without a success, all clients together
            """
    }

    /// What must not have been.
    var violations: [String] { Array(failures.prefix(20)) + Array(staleReads.prefix(20)) }
}
