import Glibc
import Simulation
import Synchronization

/// Everything that clients did and were told, with one clock's times; and how long nobody was told anything.
///
/// What had no effect is left out. A write whose outcome is unknown stays open for ever.
final class Ledger: Sendable {
    /// A time without any acknowledged write.
    struct Gap: Sendable {
        let length: Duration
        let endNs: Int64
    }

    private struct State {
        var lastNs: Int64 = 0
        var clients = 0
        var entries: [RegisterHistory.Entry] = []
        var lastAcknowledgedNs: Int64?
        var longestGap = Gap(length: .zero, endNs: 0)
        var outcomes: [String: Int] = [:]
        var unexpected: [String] = []
    }

    private let state = Mutex(State())
    private static let mostUnexpected = 20

    /// Nanoseconds of the clock that all times here come from.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// A number that no client has had.
    func newClient() -> Int {
        state.withLock { state in
            state.clients += 1
            return state.clients
        }
    }

    /// The moment of a call, later than that of everything noted before.
    func call() -> Int64 { state.withLock { Self.tick(&$0) } }

    private static func tick(_ state: inout State) -> Int64 {
        state.lastNs = max(now(), state.lastNs + 1)
        return state.lastNs
    }

    func answered(client: Int, _ operation: RegisterOperation, callNs: Int64, _ answer: RegisterOperation.Answer) {
        state.withLock { state in
            let returnNs = Self.tick(&state)
            state.entries.append(
                .init(
                    client: client,
                    operation: operation,
                    callNs: callNs,
                    completion: .init(answer: answer, returnNs: returnNs)
                )
            )
            if operation.action != .get, answer != .swapped(false) { Self.acknowledged(returnNs, &state) }
        }
    }

    private static func acknowledged(_ nowNs: Int64, _ state: inout State) {
        if let last = state.lastAcknowledgedNs {
            let length = Duration.nanoseconds(nowNs - last)
            if length > state.longestGap.length { state.longestGap = Gap(length: length, endNs: nowNs) }
        }
        state.lastAcknowledgedNs = nowNs
    }

    /// Nobody knows what became of it. A read is left out: it has changed nothing.
    func unknown(client: Int, _ operation: RegisterOperation, callNs: Int64) {
        guard operation.action != .get else { return }
        state.withLock {
            $0.entries.append(.init(client: client, operation: operation, callNs: callNs, completion: nil))
        }
    }

    /// Counts what came of a request, whatever it was.
    func count(_ name: String) { state.withLock { $0.outcomes[name, default: 0] += 1 } }

    /// Notes an answer that no request here may get.
    func unexpected(_ text: String) {
        state.withLock { if $0.unexpected.count < Self.mostUnexpected { $0.unexpected.append(text) } }
    }

    // MARK: Looking back

    var history: RegisterHistory { state.withLock { RegisterHistory(entries: $0.entries) } }
    var longestGap: Gap { state.withLock { $0.longestGap } }
    var lastAcknowledgedNs: Int64? { state.withLock { $0.lastAcknowledgedNs } }
    var unexpectedAnswers: [String] { state.withLock { $0.unexpected } }
    var outcomes: [(name: String, count: Int)] {
        state.withLock { state in state.outcomes.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }
}
