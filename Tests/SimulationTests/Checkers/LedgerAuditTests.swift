import Simulation
import Testing

@Suite("The audit of a ledger")
struct LedgerAuditTests {
    private func moved(
        _ callNs: Int64,
        _ returnNs: Int64?,
        _ fate: Ledger.Fate,
        _ postings: Ledger.Posting...
    ) -> Ledger.Entry {
        Ledger.Entry(client: Int(callNs), postings, callNs: callNs, returnNs: returnNs, fate)
    }

    private func look(
        _ callNs: Int64,
        at timestamp: UInt64,
        isFresh: Bool = true,
        _ amounts: Ledger.Look.Amount...
    ) -> Ledger.Look {
        Ledger.Look(
            client: Int(callNs),
            at: timestamp,
            isFresh: isFresh,
            amounts,
            callNs: callNs,
            returnNs: callNs + 1
        )
    }

    private func rules(_ entries: [Ledger.Entry], _ looks: [Ledger.Look] = []) -> [String] {
        var ledger = Ledger()
        ledger.entries = entries
        ledger.looks = looks
        ledger.bounds = [Ledger.Bounds("a", 0...1000), Ledger.Bounds("b", 0...1000)]
        ledger.conserved = [["a", "b"]]
        return LedgerAudit(of: ledger).findings.map { String($0.prefix { $0 != ":" }) }
    }

    private var opening: Ledger.Entry { moved(0, 1, .committed(at: 10), .init("a", 100), .init("b", 50)) }

    @Test("finds nothing where everything adds up, whatever is unknown, refused or late")
    func right() {
        let found = rules(
            [
                opening,
                moved(2, 9, .committed(at: 20), .init("a", -30, floor: 0), .init("b", 30)),
                moved(3, nil, .unknown, .init("a", -20), .init("b", 20)),
                moved(4, 8, .refused(key: "a"), .init("a", -200, floor: 0), .init("b", 200)),
                moved(4, nil, .committed(at: 25), .init("a", 0, seen: 70)),
            ],
            [
                look(10, at: 30, .init("a", 70), .init("b", 80)),
                look(12, at: 40, .init("a", 50), .init("b", 100)),
                look(14, at: 15, isFresh: false, .init("a", 100), .init("b", 50)),
            ]
        )
        #expect(found == [])
    }

    @Test("finds an amount that is not the sum of what was committed")
    func sum() {
        #expect(rules([opening], [look(5, at: 20, .init("a", 99))]) == ["sum"])
        let doubtful = moved(2, nil, .unknown, .init("a", 7))
        #expect(rules([opening, doubtful], [look(5, at: 20, .init("a", 107))]) == [])
        #expect(rules([opening, doubtful], [look(5, at: 20, .init("a", 103))]) == ["sum"])
    }

    @Test("finds a snapshot with one half of a transfer")
    func conservation() {
        let transfer = moved(2, nil, .unknown, .init("a", -20), .init("b", 20))
        #expect(rules([opening, transfer], [look(5, at: 20, .init("a", 80), .init("b", 50))]) == ["conservation"])
    }

    @Test("finds amounts out of bounds, seen or not")
    func bounds() {
        let taken = moved(2, 3, .committed(at: 20), .init("a", -130, floor: 0))
        #expect(rules([opening, taken]) == ["bounds"])
        #expect(rules([opening, taken], [look(5, at: 21, .init("a", -30))]) == ["bounds", "bounds"])
        #expect(rules([opening, moved(2, 3, .committed(at: 20), .init("a", 5, ceiling: 104))]) == ["bounds"])
    }

    @Test("finds timestamps that contradict real time")
    func realTime() {
        #expect(rules([opening, moved(2, 3, .committed(at: 9), .init("c", 1))]) == ["real time"])
        #expect(rules([opening], [look(2, at: 9, .init("a", 0))]) == ["real time"])
        #expect(rules([opening], [look(2, at: 9, isFresh: false, .init("a", 0))]) == [])
        #expect(rules([opening, moved(0, 3, .committed(at: 9), .init("c", 1))]) == [])
    }

    @Test("finds a change of what was not there any more")
    func seen() {
        let first = moved(2, 9, .committed(at: 20), .init("a", 1, seen: 100))
        let second = moved(2, 9, .committed(at: 21), .init("a", 1, seen: 100))
        #expect(rules([opening, first]) == [])
        #expect(rules([opening, first, second]) == ["read"])
    }

    @Test("finds that something was said to be sold out and was not")
    func falseRefusal() {
        let refused = moved(5, 6, .refused(key: "a"), .init("a", -100, floor: 0))
        #expect(rules([opening, refused]) == ["false refusal"])
        let concurrent = moved(4, 9, .committed(at: 20), .init("a", -1))
        #expect(rules([opening, refused, concurrent]) == [])
        let before = moved(2, 3, .committed(at: 15), .init("a", 1))
        #expect(rules([opening, before, refused, concurrent]) == ["false refusal"])
        #expect(rules([opening, refused, moved(2, nil, .unknown, .init("a", -1))]) == [])
    }
}
