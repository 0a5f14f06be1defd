import Simulation
import Testing

@Suite("Strict serializability of list-append transactions")
struct ListAppendSerializabilityTests {
    /// A transaction with the moments of its question and its answer; nil where none came.
    private struct Done {
        let call: Int
        let answer: Int?
        let operations: [ListAppendHistory.Operation]
        var outcome = ListAppendHistory.Outcome.committed
    }

    private func txn(_ call: Int, _ answer: Int, _ operations: ListAppendHistory.Operation...) -> Done {
        Done(call: call, answer: answer, operations: operations)
    }

    private func failed(_ call: Int, _ answer: Int, _ operations: ListAppendHistory.Operation...) -> Done {
        Done(call: call, answer: answer, operations: operations, outcome: .failed)
    }

    private func unknown(_ call: Int, _ operations: ListAppendHistory.Operation...) -> Done {
        Done(call: call, answer: nil, operations: operations)
    }

    private func append(_ key: String, _ element: Int64) -> ListAppendHistory.Operation {
        .append(key: key, element: element)
    }

    private func read(_ key: String, _ list: [Int64]) -> ListAppendHistory.Operation { .read(key: key, list) }

    private func judge(_ done: Done...) -> ListAppendSerializability {
        var events: [(moment: Int, place: Int, isAnswer: Bool)] = []
        for (place, transaction) in done.enumerated() {
            events.append((transaction.call, place, false))
            if let answer = transaction.answer { events.append((answer, place, true)) }
        }
        events.sort { ($0.moment, $0.isAnswer ? 1 : 0) < ($1.moment, $1.isAnswer ? 1 : 0) }
        var history = ListAppendHistory()
        var places: [Int: Int] = [:]
        for event in events {
            let transaction = done[event.place]
            if event.isAnswer, let place = places[event.place] {
                history.complete(place, transaction.operations, transaction.outcome, at: Int64(event.moment))
            } else {
                let asked = transaction.operations.map(\.asked)
                places[event.place] = history.invoke(client: event.place, asked, at: Int64(event.moment))
            }
        }
        return ListAppendSerializability(of: history)
    }

    private func names(_ judgement: ListAppendSerializability) -> [String] { judgement.anomalies.map(\.name) }

    // MARK: Right

    @Test("holds of transactions one after the other")
    func serial() {
        let judgement = judge(
            txn(0, 1, append("x", 1), append("y", 10)),
            txn(2, 3, read("x", [1]), append("x", 2)),
            txn(4, 5, read("x", [1, 2]), read("y", [10]))
        )
        #expect(judgement.isSerializable)
        #expect(judgement.committedCount == 3)
        #expect(judgement.keyCount == 2)
    }

    @Test("holds of transactions at one time in whatever order they took place")
    func concurrent() {
        #expect(
            judge(
                txn(0, 10, append("x", 1)),
                txn(0, 10, append("x", 2)),
                txn(0, 10, read("x", [2])),
                txn(11, 12, read("x", [2, 1]))
            ).isSerializable
        )
    }

    @Test("holds where a transaction sees what it appended itself")
    func ownAppends() {
        #expect(
            judge(
                txn(0, 1, append("x", 1)),
                txn(2, 3, append("x", 2), append("x", 3), read("x", [1, 2, 3])),
                txn(4, 5, read("x", [1, 2, 3]))
            ).isSerializable
        )
    }

    @Test("holds whether what is unknown took place, or not, or late")
    func unknownOutcomes() {
        #expect(judge(unknown(0, append("x", 1)), txn(1, 2, read("x", []))).isSerializable)
        #expect(judge(unknown(0, append("x", 1)), txn(1, 2, read("x", [1]))).isSerializable)
        #expect(
            judge(unknown(0, append("x", 1)), txn(1, 2, read("x", [])), txn(3, 4, read("x", [1]))).isSerializable
        )
    }

    @Test("holds where appends that nobody has read may stand in any order")
    func unread() {
        #expect(
            judge(
                txn(0, 1, append("x", 1)),
                txn(2, 3, read("x", [1])),
                txn(4, 9, append("x", 2)),
                txn(4, 9, read("x", [1]), append("x", 3))
            ).isSerializable
        )
    }

    // MARK: Wrong

    @Test("is broken by writes in a circle")
    func writeCycle() {
        let judgement = judge(
            txn(0, 9, append("x", 1), append("y", 1)),
            txn(0, 9, append("x", 2), append("y", 2)),
            txn(10, 11, read("x", [1, 2]), read("y", [2, 1]))
        )
        #expect(names(judgement) == ["G0"])
    }

    @Test("is broken by a read of what failed")
    func abortedRead() {
        #expect(names(judge(failed(0, 1, append("x", 1)), txn(2, 3, read("x", [1])))).contains("G1a"))
    }

    @Test("is broken by a read in the midst of a transaction")
    func intermediateRead() {
        let judgement = judge(
            txn(0, 9, append("x", 1), append("x", 2)),
            txn(0, 9, read("x", [1])),
            txn(10, 11, read("x", [1, 2]))
        )
        #expect(names(judgement).contains("G1b"))
    }

    @Test("is broken by information in a circle")
    func informationCycle() {
        let judgement = judge(
            txn(0, 9, append("x", 1), read("y", [2])),
            txn(0, 9, append("y", 2), read("x", [1]))
        )
        #expect(names(judgement) == ["G1c"])
    }

    @Test("is broken by read skew")
    func readSkew() {
        let judgement = judge(
            txn(0, 9, append("x", 1), append("y", 1)),
            txn(0, 9, read("x", [1]), read("y", [])),
            txn(10, 11, read("x", [1]), read("y", [1]))
        )
        #expect(names(judgement) == ["G-single"])
    }

    @Test("is broken by a lost update, also where nobody reads the list later")
    func lostUpdate() {
        let seen = judge(
            txn(0, 1, append("x", 1)),
            txn(2, 9, read("x", [1]), append("x", 2)),
            txn(2, 9, read("x", [1]), append("x", 3)),
            txn(10, 11, read("x", [1, 2, 3]))
        )
        #expect(names(seen) == ["G-single"])
        let unseen = judge(
            txn(0, 1, append("x", 1)),
            txn(2, 9, read("x", [1]), append("x", 2)),
            txn(2, 9, read("x", [1]), append("x", 3))
        )
        #expect(!unseen.isSerializable)
    }

    @Test("is broken by write skew")
    func writeSkew() {
        let judgement = judge(
            txn(0, 9, read("x", []), append("y", 1)),
            txn(0, 9, read("y", []), append("x", 1)),
            txn(10, 11, read("x", [1]), read("y", [1]))
        )
        #expect(names(judgement) == ["G2"])
    }

    @Test("is broken by a stale read")
    func staleRead() {
        let judgement = judge(
            txn(0, 1, append("x", 1)),
            txn(2, 3, read("x", [])),
            txn(4, 5, read("x", [1]))
        )
        #expect(names(judgement) == ["G-single-realtime"])
    }

    @Test("is broken by an order of writes against their times")
    func writesAgainstTime() {
        let judgement = judge(txn(0, 1, append("x", 1)), txn(2, 3, append("x", 2)), txn(4, 5, read("x", [2, 1])))
        #expect(names(judgement) == ["G0-realtime"])
    }

    @Test("is broken where who was told of a write reads before it, through a third")
    func causalTime() {
        let judgement = judge(
            txn(0, 20, append("x", 1)),
            txn(1, 2, read("x", [1]), append("y", 1)),
            txn(3, 4, read("y", [1]), read("x", []))
        )
        #expect(!judgement.isSerializable)
    }

    @Test("is broken by lists of which none begins the other")
    func incompatible() {
        let judgement = judge(
            txn(0, 9, append("x", 1)),
            txn(0, 9, append("x", 2)),
            txn(0, 9, read("x", [1, 2])),
            txn(0, 9, read("x", [2]))
        )
        #expect(names(judgement).contains("incompatible-order"))
    }

    @Test("is broken by an append that is there twice")
    func duplicate() {
        #expect(names(judge(txn(0, 1, append("x", 1)), txn(2, 3, read("x", [1, 1])))).contains("duplicate"))
    }

    @Test("is broken by an append that nobody made")
    func unwritten() {
        #expect(names(judge(txn(2, 3, read("x", [7])))) == ["unwritten"])
    }

    @Test("is broken by an append that was committed and is not there")
    func lostAppend() {
        let judgement = judge(
            txn(0, 1, append("x", 1)),
            txn(2, 3, append("x", 2)),
            txn(4, 5, append("x", 3)),
            txn(6, 7, read("x", [1, 3]))
        )
        #expect(names(judgement).contains("lost-append"))
    }

    @Test("is broken by half of an unknown transaction")
    func halfUnknown() {
        let judgement = judge(
            unknown(0, append("x", 1), append("y", 1)),
            txn(1, 2, read("x", [1]), read("y", [])),
            txn(3, 4, read("x", [1]), read("y", []))
        )
        #expect(!judgement.isSerializable)
    }

    @Test("is broken by a transaction that does not find what it appended")
    func inconsistentWithin() {
        #expect(names(judge(txn(0, 1, append("x", 1), read("x", [])))) == ["internal"])
        let twice = judge(txn(0, 1, append("x", 1)), txn(0, 9, read("x", []), read("x", [1])))
        #expect(names(twice).contains("internal"))
    }

    @Test("says who comes before whom")
    func explains() {
        let judgement = judge(txn(0, 1, append("x", 1)), txn(2, 3, read("x", [])), txn(4, 5, read("x", [1])))
        let expected = """
            G-single-realtime: each of these comes before the next, and the last before the first:
                T1: client 1 [2, 3] read x → []: committed
                T2: client 0 [0, 1] append x 1: committed
              T1 had not seen what T2 appended to x (rw)
              T2 was answered before T1 was called
            """
        #expect(judgement.anomalies.map(\.description) == [expected])
    }
}
