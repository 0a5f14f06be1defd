internal import Domain
internal import KVStore
internal import ModelStore
internal import NIOConcurrencyHelpers
internal import Raft

/// One of the two who send a user's requests: it tries again with the same key while nobody can tell, and under a new
/// one where it was told that nothing happened.
final class MoneyClient: Sendable {
    private let number: Int
    private let world: MoneyWorld
    private let turns: Turns
    private let generator: NIOLockedValueBox<SeededGenerator>

    init(number: Int, world: MoneyWorld, turns: Turns, seed: UInt64) {
        self.number = number
        self.world = world
        self.turns = turns
        generator = NIOLockedValueBox(SeededGenerator(seed: seed &* 0x9E37_79B9))
    }

    func run(_ plan: Plan) async {
        for planned in plan.requests { await carryOut(planned, plan.user) }
        turns.leave()
    }

    private func draw(_ count: Int) -> Int { generator.withLockedValue { Int($0.next() % UInt64(count)) } }

    private func carryOut(_ planned: Plan.Planned, _ user: UserID) async {
        if case .look = planned.action { return await look(user) }
        for generation in 0..<3 {
            let key = "\(planned.key)-\(generation)"
            for _ in 0..<4 {
                let calls = draw(4) == 0 ? draw(6) : Int.max
                let backend = MortalBackend(world.model, turns, number, calls: calls)
                let node = MoneyNode(backend, world.ids)
                var heard = await Sending.send(planned.action, key: key, user: user, node)
                // Whoever dies answers nobody.
                if backend.isDead { heard = .unknown }
                world.journal.note(key, planned, heard)
                switch heard {
                case .unknown: continue
                case .concluded:
                    await lookAtTopUps(of: user)
                    return
                case .nothing, .impossible: break
                }
                break
            }
        }
    }

    /// Whoever was told that nobody knows yet asks what became of it; or a node looks through all, and may die of it.
    private func lookAtTopUps(of user: UserID) async {
        guard draw(3) == 0 else { return }
        world.model.advance(by: .seconds(1))
        if draw(2) == 0 {
            let calls = draw(2) == 0 ? draw(90) : Int.max
            let node = MoneyNode(MortalBackend(world.model, turns, number, calls: calls), world.ids)
            _ = try? await node.topUps.reconcile()
            return
        }
        let node = MoneyNode(MortalBackend(world.model, turns, number, calls: .max), world.ids)
        for topUp in world.journal.topUps() where topUp.user == user {
            _ = try? await node.topUps.look(at: topUp.id, of: user)
        }
    }

    /// At any moment totals are the sum of the history, and no wallet is below zero.
    private func look(_ user: UserID) async {
        let node = MoneyNode(MortalBackend(world.model, turns, number, calls: .max), world.ids)
        do {
            if let wrong = try await node.look(at: user) { world.journal.fail(wrong) }
        } catch {
            // What cannot be read now is read in the end.
        }
    }
}
