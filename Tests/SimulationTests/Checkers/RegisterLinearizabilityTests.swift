import Simulation
import Testing

struct Example: Sendable, CustomTestStringConvertible {
    let name: String
    let entries: [Entry]
    var testDescription: String { name }

    init(_ name: String, _ entries: Entry...) {
        self.name = name
        self.entries = entries
    }
}

@Suite("Linearizability of registers")
struct RegisterLinearizabilityTests {
    @Test(
        "holds",
        arguments: [
            Example("where nothing happened"),
            Example("for a register that holds nothing at first", get(nil, 0, 10)),
            Example("for operations one after the other", put("1", 0, 1), get("1", 2, 3), del(4, 5), get(nil, 6, 7)),
            Example("for entries in any order", get("1", 20, 30), put("1", 0, 10)),
            Example("for concurrent writes seen in either order", put("1", 0, 10), put("2", 0, 10), get("1", 11, 12)),
            Example("for reads around a concurrent write", put("1", 0, 50), get(nil, 1, 10), get("1", 20, 30)),
            Example(
                "for a read that overlaps a write by an instant",
                put("1", 0, 10),
                put("2", 20, 30),
                get("1", 0, 20)
            ),
            Example(
                "for a write between a read's call and return",
                get("1", 0, 50),
                put("1", 10, 20),
                put("2", 30, 40)
            ),
            Example("for an unknown write that took effect", put("1", 0, nil), get("1", 100, 110)),
            Example("for an unknown write that never did", put("1", 0, 1), put("2", 2, nil), get("1", 100, 110)),
            Example(
                "for an unknown write that took effect late",
                put("1", 0, 10),
                put("2", 20, nil),
                get("1", 30, 40),
                put("3", 50, 60),
                get("3", 70, 80),
                get("2", 90, 100)
            ),
            Example(
                "for an unknown removal that took effect late",
                put("1", 0, 1),
                del(2, nil),
                get("1", 3, 4),
                get(nil, 5, 6)
            ),
            Example("for an unknown read", get(nil, 0, nil), put("1", 1, 2), get("1", 3, 4)),
            Example("for a cas that swapped", put("1", 0, 1), cas("1", "2", 2, 3), get("2", 4, 5)),
            Example("for a cas that was refused", put("1", 0, 1), cas("0", "2", swapped: false, 2, 3), get("1", 4, 5)),
            Example(
                "for a cas that creates and one that removes",
                cas(nil, "1", 0, 1),
                cas("1", nil, 2, 3),
                get(nil, 4, 5)
            ),
            Example(
                "for one of two cas refused",
                put("1", 0, 1),
                cas("1", "2", 2, 9),
                cas("1", "3", swapped: false, 2, 9)
            ),
            Example("for an unknown cas that took effect", put("1", 0, 1), cas("1", "2", 2, nil), get("2", 8, 9)),
            Example(
                "for an unknown write that nobody read, but that made a cas fail",
                put("1", 0, 1),
                put("2", 2, nil),
                cas("1", "3", swapped: false, 4, 5)
            ),
            Example(
                "for a chain of unknown cas, called in another order",
                put("0", 0, 1),
                cas("2", "3", 2, nil),
                cas("1", "2", 3, nil),
                cas("0", "1", 4, nil),
                get("3", 5, 6)
            ),
            Example(
                "for two equal unknown writes that both took effect",
                put("1", 0, nil),
                put("1", 1, nil),
                get("1", 2, 3),
                put("2", 4, 5),
                get("2", 6, 7),
                get("1", 8, 9)
            ),
            Example(
                "for keys on their own",
                put("1", 0, 1),
                put("2", 0, 1, key: "y"),
                get("1", 2, 3),
                get("2", 2, 3, key: "y")
            ),
        ]
    )
    func holds(example: Example) {
        #expect(verdict(example.entries) == .linearizable)
    }

    @Test(
        "is broken by",
        arguments: [
            Example("a stale read", put("1", 0, 10), put("2", 20, 30), get("1", 40, 50)),
            Example("a lost write", put("1", 0, 10), get(nil, 20, 30)),
            Example("a read of what nobody wrote", put("1", 0, 10), get("2", 5, 20)),
            Example("a read from the future", get("1", 0, 10), put("1", 11, 20)),
            Example("reads that go back", put("1", 0, 10), put("2", 20, 60), get("2", 30, 35), get("1", 40, 45)),
            Example(
                "a write seen, gone and seen again",
                put("1", 0, 50),
                get("1", 1, 5),
                get(nil, 6, 9),
                get("1", 60, 70)
            ),
            Example(
                "two readers who disagree on the order",
                put("1", 0, 10),
                put("2", 0, 10),
                get("1", 11, 12),
                get("2", 13, 14)
            ),
            Example("an ignored removal", put("1", 0, 1), del(2, 3), get("1", 4, 5)),
            Example("a removal that nobody made", put("1", 0, 1), get("1", 2, 3), get(nil, 4, 5)),
            Example("a cas that two clients won", put("1", 0, 1), cas("1", "2", 2, 9), cas("1", "3", 2, 9)),
            Example("a cas refused without a reason", put("1", 0, 1), cas("1", "2", swapped: false, 2, 3)),
            Example("a cas that swapped what was not there", put("1", 0, 1), cas("2", "3", 2, 3)),
            Example("a refused cas that wrote", put("1", 0, 1), cas("0", "2", swapped: false, 2, 3), get("2", 4, 5)),
            Example("a swap that wrote nothing", put("1", 0, 1), cas("1", "2", 2, 3), get("1", 4, 5)),
            Example("two creations", cas(nil, "1", 0, 9), cas(nil, "2", 0, 9)),
            Example(
                "real time ignored between clients",
                put("1", 0, 10),
                put("2", 11, 20),
                get("2", 21, 22),
                get("1", 23, 24)
            ),
            Example("an unknown write seen before its call", get("1", 0, 10), put("1", 11, nil)),
            Example(
                "an unknown write that took effect twice",
                put("1", 0, nil),
                get("1", 2, 3),
                put("2", 4, 5),
                get("2", 6, 7),
                get("1", 8, 9)
            ),
            Example("an unknown write seen and gone", put("1", 0, nil), get("1", 10, 20), get(nil, 30, 40)),
            Example(
                "an unknown cas that swapped what was gone",
                put("1", 0, 1),
                put("2", 2, 3),
                cas("1", "3", 4, nil),
                get("3", 5, 6)
            ),
            Example("texts that look alike", put("\u{E9}", 0, 1), get("e\u{301}", 2, 3)),
            Example("another key's value", put("1", 0, 1), get("1", 2, 3, key: "y")),
        ]
    )
    func isBroken(example: Example) {
        #expect(verdict(example.entries) == .notLinearizable)
    }

    private func explanations(_ entries: Entry...) -> [String] {
        RegisterLinearizability(of: RegisterHistory(entries: entries)).failures.map(\.description)
    }

    @Test("says what contradicts what, how far an order can come, and why no operation can be next")
    func explainsConflict() {
        let found = explanations(
            put("1", 0, 10),
            put("2", 20, 30),
            get("2", 32, 35),
            put("7", 36, nil),
            get("1", 40, 50)
        )
        let expected = """
            key "x": no order of its operations is possible.
              From the first of these to the second the register holds what is written only once:
                client 0 [0, 10] put x "1" → done
                client 0 [40, 50] get x → "1"
              yet in between there is
                client 0 [20, 30] put x "2" → done
                client 0 [32, 35] get x → "2"
              The longest beginning orders 1 operations, the last of them
                client 0 [0, 10] put x "1" → done
              after which the register holds "1", and
              nothing that real time allows to be next can be:
                client 0 [20, 30] put x "2" → done: nobody would write "1" again, yet there is still \
            client 0 [40, 50] get x → "1"
            """
        #expect(found == [expected])
    }

    @Test("says of each broken key what was seen that nobody wrote")
    func explainsUnwritten() {
        let found = explanations(put("1", 0, 1), get("8", 0, 1, key: "y"), get("1", 2, 3), get("9", 0, 1, key: "z"))
        let expected = """
            key "y": no order of its operations is possible.
              Nobody had begun to write what this saw:
                client 0 [0, 1] get y → "8"
              Already at the beginning, where the register holds nothing,
              nothing that real time allows to be next can be:
                client 0 [0, 1] get y → "8": the register holds nothing, and nobody ever writes "8"
            """
        #expect(found.count == 2)
        #expect(found.first == expected)
        #expect(found.last?.hasPrefix("key \"z\"") == true)
    }

    @Test("says where an order ends, though no few operations contradict each other")
    func explainsDeadEnd() {
        let found = explanations(put("1", 0, 1), put("1", 2, 3), cas("1", "2", swapped: false, 4, 9), get("1", 10, 11))
        let expected = """
            key "x": no order of its operations is possible.
              The longest beginning orders 2 operations, the last of them
                client 0 [0, 1] put x "1" → done
                client 0 [2, 3] put x "1" → done
              after which the register holds "1", and
              nothing that real time allows to be next can be:
                client 0 [4, 9] cas x "1" to "2" → refused: the register holds just what was expected
            """
        #expect(found == [expected])
    }

    @Test("is undecided, and not proven, where the search reaches a limit")
    func limits() {
        let writes = (0..<20).map { put("\($0)", 0, 100) }
        let reads = (0..<20).map { get("\($0)", 0, 100) }
        let history = RegisterHistory(entries: writes + reads)
        let few = RegisterLinearizability(of: history, limits: SearchLimits(steps: 5))
        #expect(few.verdict == .undecided)
        #expect(few.undecided.map(\.key) == ["x"])
        #expect(few.undecided.map(\.operationCount) == [40])
        let small = RegisterLinearizability(of: history, limits: SearchLimits(configurations: 5))
        #expect(small.verdict == .undecided)
        #expect(RegisterLinearizability(of: history).verdict == .linearizable)
    }

    @Test("is broken if one key is, though another is undecided")
    func brokenBeforeUndecided() {
        let writes = (0..<20).map { put("\($0)", 0, 100) }
        let broken = [get("9", 0, 1, key: "y")]
        let history = RegisterHistory(entries: writes + (0..<20).map { get("\($0)", 0, 100) } + broken)
        let result = RegisterLinearizability(of: history, limits: SearchLimits(steps: 5))
        #expect(result.undecided.count == 1)
        #expect(result.verdict == .notLinearizable)
    }
}
