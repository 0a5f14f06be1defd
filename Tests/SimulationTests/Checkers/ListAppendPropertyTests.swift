import Simulation
import Testing

/// Histories that are right by construction must pass, and such with one thing changed that matters must not.
@Suite("List-append histories at random")
struct ListAppendPropertyTests {
    @Test("pass if every transaction takes effect at one moment", arguments: 0..<60)
    func right(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let lists = SimulatedLists(
            transactionCount: 300,
            keyCount: 1 + seed % 5,
            clientCount: 1 + seed % 9,
            unknownPercent: seed % 3 * 5
        )
        let judgement = ListAppendSerializability(of: lists.history(using: &random))
        #expect(judgement.isSerializable, "\(judgement.anomalies.map(\.description).joined(separator: "\n"))")
    }

    @Test("fail if one of them does not", arguments: 0..<60)
    func corrupted(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed) + 1000)
        let lists = SimulatedLists(
            transactionCount: 300,
            keyCount: 1 + seed % 4,
            clientCount: 1 + seed % 6,
            corruption: seed % 3
        )
        #expect(!ListAppendSerializability(of: lists.history(using: &random)).isSerializable)
    }

    @Test("are the same once they were written and read")
    func jsonLines() throws {
        var random = SeededGenerator(seed: 5)
        let history = SimulatedLists(transactionCount: 100, keyCount: 3, clientCount: 5, unknownPercent: 10)
            .history(using: &random)
        let read = try ListAppendHistory(jsonLines: history.jsonLines)
        #expect(read.jsonLines == history.jsonLines)
        #expect(read.transactions.count == history.transactions.count)
        #expect(ListAppendSerializability(of: read).isSerializable)
    }

    @Test("are judged however long they are, circles included")
    func long() {
        var random = SeededGenerator(seed: 6)
        let right = SimulatedLists(transactionCount: 10_000, keyCount: 200, clientCount: 20).history(using: &random)
        #expect(ListAppendSerializability(of: right).isSerializable)
        let wrong = SimulatedLists(transactionCount: 10_000, keyCount: 200, clientCount: 20, corruption: 0)
            .history(using: &random)
        #expect(!ListAppendSerializability(of: wrong).isSerializable)
    }
}

/// Lists behind transactions that take effect at one moment between question and answer.
private struct SimulatedLists {
    var transactionCount: Int
    var keyCount: Int
    var clientCount: Int
    var unknownPercent = 0
    /// What is done wrong, in the middle: 0 loses an append, 1 reads an old list, 2 changes an order.
    var corruption: Int?

    private struct Running {
        let client: Int
        let place: Int
        let returnAt: Int
        let effectAt: Int?
        var operations: [ListAppendHistory.Operation]
        let isUnknown: Bool
    }

    func history(using random: inout SeededGenerator) -> ListAppendHistory {
        var history = ListAppendHistory()
        var lists = [[Int64]](repeating: [], count: keyCount)
        var running: [Running] = []
        var clients = Array(0..<clientCount)
        var begun = 0
        var now = 0
        var element: Int64 = 0
        while begun < transactionCount || !running.isEmpty {
            now += 1
            for index in running.indices where running[index].effectAt == now {
                take(&running[index].operations, &lists)
            }
            for done in running.filter({ $0.returnAt == now }) {
                guard !done.isUnknown else {
                    clients.append(clientCount + begun)
                    continue
                }
                history.complete(done.place, done.operations, .committed, at: Int64(now))
                clients.append(done.client)
            }
            running.removeAll { $0.returnAt == now }
            guard begun < transactionCount, !clients.isEmpty, random.chance(60) else { continue }
            let client = clients.removeFirst()
            var operations: [ListAppendHistory.Operation] = []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let key = "k\(Int.random(in: 0..<keyCount, using: &random))"
                if random.chance(50) {
                    operations.append(.read(key: key, nil))
                } else {
                    element += 1
                    operations.append(.append(key: key, element: element))
                }
            }
            let place = history.invoke(client: client, operations, at: Int64(now))
            begun += 1
            let returnAt = now + Int.random(in: 2...12, using: &random)
            let isUnknown = random.chance(unknownPercent)
            let effectAt = isUnknown && random.chance(50) ? nil : Int.random(in: now + 1...returnAt, using: &random)
            running.append(
                Running(
                    client: client,
                    place: place,
                    returnAt: returnAt,
                    effectAt: effectAt,
                    operations: operations,
                    isUnknown: isUnknown
                )
            )
        }
        return finish(history, lists, clients[0], Int64(now + 1))
    }

    private func take(
        _ operations: inout [ListAppendHistory.Operation],
        _ lists: inout [[Int64]]
    ) {
        for index in operations.indices {
            guard let key = Int(operations[index].listKey.dropFirst()) else { continue }
            switch operations[index] {
            case .append(_, let element): lists[key].append(element)
            case .read(let name, _): operations[index] = .read(key: name, lists[key])
            }
        }
    }

    /// Everything is appended to and read twice more, rightly or not.
    private func finish(
        _ before: ListAppendHistory,
        _ lists: [[Int64]],
        _ client: Int,
        _ now: Int64
    ) -> ListAppendHistory {
        var history = before
        var now = now
        func add(_ operations: [ListAppendHistory.Operation]) {
            let asked = operations.map(\.asked)
            let place = history.invoke(client: client, asked, at: now)
            history.complete(place, operations, .committed, at: now + 1)
            now += 2
        }
        for (key, list) in lists.enumerated() {
            let (one, two) = (Int64(1_000_000 + 2 * key), Int64(1_000_001 + 2 * key))
            let name = "k\(key)"
            add([.append(key: name, element: one)])
            add([.append(key: name, element: two)])
            switch corruption {
            case nil: add([.read(key: name, list + [one, two])])
            case 0: add([.read(key: name, list + [two])])
            case 1:
                add([.read(key: name, list + [one])])
                add([.read(key: name, list + [one, two])])
            default: add([.read(key: name, list + [two, one])])
            }
        }
        return history
    }
}

extension ListAppendHistory.Operation {
    fileprivate var listKey: String {
        switch self {
        case .append(let key, _), .read(let key, _): key
        }
    }
}
