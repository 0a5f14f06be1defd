import KVStore
import Raft
import Testing

/// Three stores, whatever befalls them: what was answered holds, and they end up equal.
@Suite struct StoreWorldTests {
    @Test("Answers hold through losses, cuts, deaths and power failures", arguments: 0..<10)
    func lives(block: UInt64) throws {
        for seed in block * 25..<(block + 1) * 25 {
            let world = try World(seed: seed)
            do {
                try world.run(steps: 6000)
                try world.recover()
            } catch {
                Issue.record("seed \(seed): \(error)")
            }
        }
    }

    @Test("The lives are eventful")
    func coverage() throws {
        var totals = World.Totals()
        for seed: UInt64 in 0..<40 {
            let world = try World(seed: seed)
            try world.run(steps: 6000)
            try world.recover()
            totals.add(world)
        }
        #expect(totals.crashes > 60)
        #expect(totals.decided > 1000)
        #expect(totals.unknown > 10)
        #expect(totals.values > 1000)
        #expect(totals.chunks > 100)
        #expect(totals.installs > 5)
        #expect(totals.bundles > 1000)
    }
}
