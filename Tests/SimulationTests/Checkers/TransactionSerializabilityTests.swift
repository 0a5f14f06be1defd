import Simulation
import Testing

@Suite("Strict serializability of transactions over numbers")
struct TransactionSerializabilityTests {
    private typealias Action = TransactionOperation.Action

    private func entry(
        _ callNs: Int64,
        _ returnNs: Int64?,
        _ actions: [Action],
        _ answer: TransactionOperation.Answer = .committed(reads: [:])
    ) -> TransactionHistory.Entry {
        .init(
            client: Int(callNs),
            operation: TransactionOperation(actions),
            callNs: callNs,
            completion: returnNs.map { .init(answer: answer, returnNs: $0) }
        )
    }

    private func verdict(_ entries: TransactionHistory.Entry...) -> TransactionSerializability.Verdict {
        TransactionSerializability(of: TransactionHistory(entries: entries)).verdict
    }

    private func sees(_ reads: [String: Int64?]) -> TransactionOperation.Answer { .committed(reads: reads) }

    @Test("holds of reads that find what was written")
    func reads() {
        #expect(
            verdict(
                entry(0, 1, [.write(key: "a", 5), .write(key: "b", 6)]),
                entry(2, 3, [.read(key: "a"), .read(key: "b")], sees(["a": 5, "b": 6])),
                entry(2, 3, [.read(key: "c")], sees(["c": nil]))
            ) == .serializable
        )
    }

    @Test("is broken where a read finds one half of a transaction")
    func halves() {
        #expect(
            verdict(
                entry(0, 9, [.write(key: "a", 5), .write(key: "b", 6)]),
                entry(0, 9, [.read(key: "a"), .read(key: "b")], sees(["a": 5, "b": nil]))
            ) == .notSerializable
        )
    }

    @Test("is broken by a sum below its floor, and holds of a floor that another's outcome kept")
    func floors() {
        let open = entry(0, 1, [.write(key: "a", 100)])
        let takes = { (callNs: Int64, returnNs: Int64) in
            self.entry(callNs, returnNs, [.add(key: "a", delta: -80, floor: 0), .add(key: "e", delta: 80, floor: nil)])
        }
        #expect(verdict(open, takes(2, 6)) == .serializable)
        #expect(verdict(open, takes(2, 6), takes(2, 6)) == .notSerializable)
        #expect(verdict(open, takes(2, 6), takes(2, 6), entry(3, nil, [.write(key: "a", 100)])) == .serializable)
    }

    @Test("is broken by a refusal that nothing called for")
    func refusals() {
        let open = entry(0, 1, [.write(key: "a", 100)])
        let refused = { (bound: Bool, delta: Int64) in
            self.entry(2, 3, [.add(key: "a", delta: delta, floor: 0)], .refused(isBound: bound))
        }
        #expect(verdict(open, refused(true, -101)) == .serializable)
        #expect(verdict(open, refused(true, -100)) == .notSerializable)
        #expect(verdict(open, refused(false, -100)) == .serializable)
    }

    @Test("is broken by a stale read")
    func stale() {
        #expect(
            verdict(entry(0, 1, [.write(key: "a", 5)]), entry(2, 3, [.read(key: "a")], sees(["a": nil])))
                == .notSerializable
        )
    }

    @Test("holds whether the unknown took place or not, as long as it did so as a whole")
    func unknown() {
        let moved = entry(0, nil, [.write(key: "a", 5), .write(key: "b", 6)])
        #expect(verdict(moved, entry(1, 2, [.read(key: "a")], sees(["a": nil]))) == .serializable)
        #expect(verdict(moved, entry(1, 2, [.read(key: "a")], sees(["a": 5]))) == .serializable)
        #expect(
            verdict(
                moved,
                entry(1, 2, [.read(key: "a")], sees(["a": 5])),
                entry(3, 4, [.read(key: "b")], sees(["b": nil]))
            ) == .notSerializable
        )
    }

    @Test("is judged apart for keys that nothing ties together, and undecided past its limits")
    func groups() {
        let many = (0..<24).map { entry(0, 100, [.write(key: "a", Int64($0))]) }
        let reads = (0..<12).map { entry(0, 100, [.read(key: "a")], sees(["a": Int64($0)])) }
        let history = TransactionHistory(entries: many + reads + [entry(0, 1, [.write(key: "z", 1)])])
        let judgement = TransactionSerializability(of: history, limits: SearchLimits(steps: 3))
        #expect(judgement.groupCount == 2)
        #expect(judgement.verdict == .undecided)
        #expect(judgement.undecided == [["a"]])
    }

    @Test("reads and writes the shared form, and says of the known bad history that it is")
    func sharedForm() throws {
        let text = #"""
            {"p":0,"call":0,"ret":10,"op":{"t":[["w","a",100]]},"out":{"ok":true}}
            {"p":0,"call":20,"ret":60,"op":{"t":[["add","a",-80,0],["add","e",80]]},"out":{"ok":true}}
            {"p":1,"call":20,"ret":60,"op":{"t":[["add","a",-80,0],["add","e",80]]},"out":{"ok":true}}
            """#
        let history = try TransactionHistory(jsonLines: Array(text.utf8))
        let judgement = TransactionSerializability(of: history)
        #expect(judgement.verdict == .notSerializable)
        let again = try TransactionHistory(jsonLines: history.jsonLines)
        #expect(again == history)
        let expected = """
            keys a, e: no order of their transactions is possible.
              The longest beginning orders 2, the last of them
                client 0 [0, 10] write a 100 → committed
                client 0 [20, 60] add a -80 floor 0, add e 80 → committed
              after which a = 20, e = 80, and nothing that real time allows next fits:
                client 1 [20, 60] add a -80 floor 0, add e 80 → committed
            """
        #expect(judgement.failures.map(\.description) == [expected])
    }

    @Test("reads what was read and why something was refused")
    func answers() throws {
        let text = #"""
            {"p":0,"call":0,"ret":10,"op":{"t":[["r","a"],["r","b"],["w","b",2]]},"out":{"ok":true,"r":{"a":1,"b":null}}}
            {"p":1,"call":5,"ret":null,"op":{"t":[["add","a",-80,null]]},"out":{}}
            {"p":2,"call":7,"ret":9,"op":{"t":[["add","a",-80,0]]},"out":{"ok":false,"why":"bound"}}
            """#
        let history = try TransactionHistory(jsonLines: Array(text.utf8))
        #expect(history.entries[0].completion?.answer == .committed(reads: ["a": 1, "b": nil]))
        #expect(history.entries[1].completion == nil)
        #expect(history.entries[1].operation.actions == [.add(key: "a", delta: -80, floor: nil)])
        #expect(history.entries[2].completion?.answer == .refused(isBound: true))
        #expect(throws: HistoryFormatError.self) {
            try TransactionHistory(
                jsonLines: Array(#"{"p":0,"call":0,"ret":1,"op":{"t":[["x","a"]]},"out":{"ok":true}}"#.utf8)
            )
        }
    }
}
