import Testing

@testable import Raft

/// The terms of a log without its entries, against a list of all of them.
@Suite("Term history")
struct TermHistoryTests {
    /// What `TermHistory` compresses: one term an index, the base's first.
    private struct Model {
        var base: UInt64 = 0
        var terms: [UInt64] = [0]

        var last: UInt64 { base + UInt64(terms.count) - 1 }

        func lastPosition(ofTermAtMost term: UInt64, upTo index: UInt64) -> LogPosition {
            var index = min(index, last)
            if index < base { index = base }
            while index > base, terms[Int(index - base)] > term { index -= 1 }
            return at(terms[Int(index - base)], index)
        }
    }

    @Test("Appending, truncating and compacting agree with a plain list", arguments: UInt64(1)...50)
    func model(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var history = TermHistory()
        var model = Model()
        for _ in 0..<300 {
            switch random.number(below: 6) {
            case 0...2:
                let term = (model.terms.last ?? 0) + UInt64(random.number(below: 2)) + (model.last == 0 ? 1 : 0)
                let count = random.number(below: 4)
                history.append(term: Term(term), count: count)
                model.terms += Array(repeating: term, count: count)
            case 3 where model.last > model.base:
                let index = model.base + 1 + UInt64(random.number(below: Int(model.last - model.base)))
                history.truncate(from: LogIndex(index))
                model.terms.removeLast(Int(model.last - index) + 1)
            case 4:
                let index = model.base + UInt64(random.number(below: Int(model.last - model.base) + 1))
                history.compact(through: LogIndex(index))
                model.terms.removeFirst(Int(index - model.base))
                model.base = index
            default:
                break
            }
            #expect(history.lastIndex == LogIndex(model.last))
            #expect(history.base == at(model.terms[0], model.base))
            for (offset, term) in model.terms.enumerated() {
                #expect(history.term(at: LogIndex(model.base + UInt64(offset))) == Term(term))
            }
            #expect(history.term(at: LogIndex(model.last + 1)) == nil)
            if model.base > 0 { #expect(history.term(at: LogIndex(model.base - 1)) == nil) }
            let term = UInt64(random.number(below: 12))
            let index = UInt64(random.number(below: Int(model.last) + 3))
            let found = history.lastPosition(ofTermAtMost: Term(term), upTo: LogIndex(index))
            #expect(found == model.lastPosition(ofTermAtMost: term, upTo: index))
            #expect(zip(history.runs, history.runs.dropFirst()).allSatisfy { $0.term < $1.term && $0.first < $1.first })
        }
    }
}
