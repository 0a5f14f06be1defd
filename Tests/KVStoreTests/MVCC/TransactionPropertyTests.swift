import KVStore
import Raft
import Testing

@Suite("Transactions: any interleaving")
struct TransactionPropertyTests {
    @Test(
        "Every version is what committed at or below it, and all could have run one after the other",
        arguments: 0..<60
    )
    func model(seed: UInt64) throws {
        var world = try TransactionWorld(seed: seed)
        for _ in 0..<400 { try world.act() }
        try world.finish()
        #expect(world.model.all.count > 10)
        try replay(&world)
    }

    /// Replicas that get the same log in other batches, with other accidents and on other engines, have the same data.
    private func replay(_ world: inout TransactionWorld) throws {
        for side in world.sides {
            let expected = try side.machine.checksum()
            for kind in [EngineKind.memory, .rocks] {
                let fixture = try EngineFixture(kind)
                var machine = try open(fixture.engine)
                while machine.state.position.index < LogIndex(UInt64(side.log.count)) {
                    let start = Int(machine.state.position.index.rawValue)
                    _ = try machine.apply(Array(side.log[start..<min(side.log.count, start + world.pick(1..<40))]))
                    guard kind == .memory, world.chance(10) else { continue }
                    if world.chance(60) { try fixture.engine.flush() }
                    try fixture.crash()
                    machine = try open(fixture.engine)
                }
                #expect(try machine.checksum() == expected)
                let copy = try open(EngineFixture(.memory).engine)
                try copy.install(try transfer(from: machine, to: copy))
                #expect(try copy.checksum() == expected)
            }
        }
    }
}
