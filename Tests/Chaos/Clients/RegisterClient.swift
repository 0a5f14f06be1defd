import NIOHTTP1
import Simulation

/// A client of registers: one operation after the other, each sent once, at whichever node it likes best.
///
/// HTTP's conditions compare versions, and the history compares values: every value that is written is written once, so
/// the two are the same. Whoever does not know what became of an operation goes on as another client.
struct RegisterClient {
    let cluster: Cluster
    let ledger: Ledger
    let ring: KeyRing
    let slots: Int
    private var dice: Dice
    private var number: Int
    private var writes = 0
    /// What it believes to be at a key.
    private var seen: [String: (value: String, tag: String)] = [:]
    private var favourite: Int?
    private let meanPause: Duration

    init(_ cluster: Cluster, _ ledger: Ledger, _ ring: KeyRing, slots: Int, meanPause: Duration, dice: Dice) {
        self.cluster = cluster
        self.ledger = ledger
        self.ring = ring
        self.slots = slots
        self.meanPause = meanPause
        self.dice = dice
        number = ledger.newClient()
    }

    /// Goes on until it is told to end.
    mutating func run(until isOver: @Sendable () -> Bool) async {
        while !isOver(), !Interruption.isRequested {
            let microseconds = max(1, Int(meanPause / .microseconds(1)))
            try? await Task.sleep(for: .microseconds(dice.below(2 * microseconds)))
            let slot = dice.below(slots)
            if dice.percent(5), let key = ring.oldKey(slot, &dice) {
                await perform(RegisterOperation(key: key, action: .get))
            } else {
                let key = ring.key(slot)
                await perform(RegisterOperation(key: key, action: action(on: key)))
            }
        }
    }

    /// Reads every key from a node until each is answered; false when that takes too long.
    mutating func readAll(from node: Int, patience: Duration) async -> Bool {
        let end = ContinuousClock.now + patience
        for key in ring.all {
            while !(await perform(RegisterOperation(key: key, action: .get), at: node)) {
                guard ContinuousClock.now < end, !Interruption.isRequested else { return false }
                try? await Task.sleep(for: .milliseconds(50))
            }
        }
        return true
    }

    private mutating func action(on key: String) -> RegisterOperation.Action {
        writes += 1
        let value = "\(number).\(writes)" + String(repeating: ".", count: dice.percent(10) ? dice.below(300) : 0)
        switch dice.below(100) {
        case 0..<40: return .get
        case 40..<65: return .put(value)
        case 65..<72: return .del
        default:
            let expected = seen[key]?.value
            return .cas(expected: expected, new: expected == nil || dice.percent(90) ? value : nil)
        }
    }

    // MARK: One operation

    /// Performs an operation once; false if it had no effect, or nobody knows.
    @discardableResult
    private mutating func perform(_ operation: RegisterOperation, at node: Int? = nil) async -> Bool {
        let usual = dice.percent(70) ? favourite : nil
        let node = node ?? usual ?? dice.pick(Cluster.nodes)
        let request = request(operation)
        let timeout = dice.milliseconds(300...6_000)
        let callNs = ledger.call()
        let outcome = await cluster.door.ask(
            cluster.endpoint(of: node),
            request.method,
            "/v1/kv/\(operation.key)",
            headers: request.headers,
            body: request.body,
            timeout: timeout
        )
        ledger.count(outcome.name)
        switch meaning(of: outcome, operation) {
        case .answered(let answer):
            favourite = node
            ledger.answered(client: number, operation, callNs: callNs, answer)
            return true
        case .withoutEffect:
            favourite = nil
            return false
        case .unknown:
            favourite = nil
            ledger.unknown(client: number, operation, callNs: callNs)
            number = ledger.newClient()
            writes = 0
            return false
        }
    }

    private func request(
        _ operation: RegisterOperation
    ) -> (method: HTTPMethod, headers: [(String, String)], body: [UInt8]?) {
        switch operation.action {
        case .get: return (.GET, [], nil)
        case .put(let value): return (.PUT, [], Array(value.utf8))
        case .del: return (.DELETE, [], nil)
        case .cas(let expected, let new):
            let tag = seen[operation.key]?.tag
            precondition((expected == nil) == (tag == nil), "who expects a value knows its version")
            let condition = tag.map { ("If-Match", $0) } ?? ("If-None-Match", "*")
            return (new == nil ? .DELETE : .PUT, [condition], new.map { Array($0.utf8) })
        }
    }

    private enum Meaning {
        case answered(RegisterOperation.Answer)
        case withoutEffect
        case unknown
    }

    private mutating func meaning(of outcome: Door.Outcome, _ operation: RegisterOperation) -> Meaning {
        guard case .answer(let answer) = outcome else {
            if case .neverArrived = outcome { return .withoutEffect }
            return .unknown
        }
        switch (operation.action, answer.status) {
        case (.get, 200):
            note(answer.text, answer.tag, at: operation.key)
            return .answered(.value(answer.text))
        case (.get, 404):
            seen[operation.key] = nil
            return .answered(.value(nil))
        case (.put(let value), 204):
            note(value, answer.tag, at: operation.key)
            return .answered(.done)
        case (.del, 204):
            seen[operation.key] = nil
            return .answered(.done)
        case (.cas(_, let new), 201), (.cas(_, let new), 204):
            note(new, answer.tag, at: operation.key)
            return .answered(.swapped(true))
        case (.cas, 412):
            // What it believed is not so; it knows nothing, until it reads.
            seen[operation.key] = nil
            return .answered(.swapped(false))
        case (_, 503): return .withoutEffect
        case (_, 504): return .unknown
        default:
            ledger.unexpected("\(operation.action) of \(operation.key): \(answer.status) \(answer.text.prefix(300))")
            return answer.status < 500 ? .withoutEffect : .unknown
        }
    }

    private mutating func note(_ value: String?, _ tag: String?, at key: String) {
        guard let value else {
            seen[key] = nil
            return
        }
        if tag == nil { ledger.unexpected("no ETag for a value at \(key)") }
        seen[key] = tag.map { (value, $0) }
    }
}
