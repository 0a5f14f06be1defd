import Simulation
import Testing

@Suite("Linearizability of random register histories")
struct RegisterLinearizabilityPropertyTests {
    @Test("is what trying all orders says, for thousands of small ones")
    func agreesWithBruteForce() {
        var random = SeededGenerator(seed: 1)
        var counts = (linearizable: 0, broken: 0)
        for round in 0..<20_000 {
            let registers = SimulatedRegisters(
                operationCount: Int.random(in: 1...7, using: &random),
                clientCount: Int.random(in: 1...5, using: &random),
                unknownPercent: [0, 20, 50][round % 3],
                textCount: [nil, 2, 3][round / 3 % 3],
                meanLatencyNs: [3, 1000][round / 9 % 2]
            )
            var history = registers.history(using: &random)
            for _ in 0..<(round % 6) where history.entries.count > 1 { history = history.mutated(using: &random) }
            let expected = hasOrder(history.entries)
            let found = verdict(history.entries)
            #expect(found == (expected ? .linearizable : .notLinearizable), "round \(round): \(history.entries)")
            if expected { counts.linearizable += 1 } else { counts.broken += 1 }
        }
        #expect(counts.linearizable > 5000 && counts.broken > 2500, "the histories are one-sided: \(counts)")
    }

    @Test("agrees for steps drawn without any register behind them")
    func agreesOnNoise() {
        var random = SeededGenerator(seed: 2)
        var counts = (linearizable: 0, broken: 0)
        for round in 0..<20_000 {
            let entries = (0..<Int.random(in: 2...6, using: &random)).map { _ in noise(using: &random) }
            let expected = hasOrder(entries)
            #expect(verdict(entries) == (expected ? .linearizable : .notLinearizable), "round \(round): \(entries)")
            if expected { counts.linearizable += 1 } else { counts.broken += 1 }
        }
        #expect(counts.linearizable > 2000 && counts.broken > 2000, "the histories are one-sided: \(counts)")
    }

    private func noise(using random: inout SeededGenerator) -> Entry {
        let texts: [String?] = [nil, "1", "2"]
        let text = texts[Int.random(in: 0..<3, using: &random)]
        let other = texts[Int.random(in: 0..<3, using: &random)]
        let callNs = Int64.random(in: 0..<12, using: &random)
        let returnNs = random.chance(25) ? nil : callNs + Int64.random(in: 0..<8, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0, 1: return get(text, callNs, returnNs)
        case 2: return put(text ?? "1", callNs, returnNs)
        case 3: return cas(text, other, swapped: random.chance(60), callNs, returnNs)
        default: return del(callNs, returnNs)
        }
    }

    @Test("holds for every register that takes effect at one moment", arguments: [0, 2, 20])
    func holdsForRegisters(unknownPercent: Int) {
        var random = SeededGenerator(seed: UInt64(unknownPercent))
        for round in 0..<100 {
            let registers = SimulatedRegisters(
                operationCount: 500,
                keyCount: 1 + round % 3,
                clientCount: 1 + round % 20,
                unknownPercent: unknownPercent
            )
            #expect(verdict(registers.history(using: &random).entries) == .linearizable, "round \(round)")
        }
    }

    @Test("is decided for a busy key of fifty clients")
    func busyKey() {
        var random = SeededGenerator(seed: 7)
        for unknownPercent in [0, 1, 5] {
            let registers = SimulatedRegisters(operationCount: 1000, clientCount: 50, unknownPercent: unknownPercent)
            let history = registers.history(using: &random)
            let result = RegisterLinearizability(of: history, limits: SearchLimits(steps: 500_000))
            #expect(result.verdict == .linearizable)
        }
    }

    @Test("is decided for a hundred thousand operations on a hundred keys")
    func manyKeys() {
        var random = SeededGenerator(seed: 8)
        let registers = SimulatedRegisters(
            operationCount: 100_000,
            keyCount: 100,
            clientCount: 64,
            unknownPercent: 1
        )
        let result = RegisterLinearizability(of: registers.history(using: &random))
        #expect(result.verdict == .linearizable)
        #expect(result.keyCount == 100)
    }
}
