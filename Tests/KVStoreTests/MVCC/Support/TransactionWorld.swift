import Raft

@testable import KVStore

/// Two partitions, transactions over one or both of them in any order of steps, leaders that latch, and whatever else may
/// befall a log: steps that come twice or late, batches of any size, crashes, sweeps. Compared with a ``TransactionModel``.
struct TransactionWorld {
    typealias Violation = TransactionModel.Violation

    /// A replica and its log.
    struct Side {
        let fixture: EngineFixture
        var machine: StateMachine
        var log: [Entry] = []
        /// Of entries that are not applied yet: what to do with what they come to.
        var waiting: [(index: UInt64, body: Body)] = []
        /// Whose changes are visible here.
        var seen: Set<TransactionID> = []
    }

    enum Body {
        case once(Int)
        case prepare(Int)
        case commit(Int)
        case resolve(Int)
        case decide(Int)
        case onceAgain(TransactionOutcome)
        case repeated
    }

    /// A transaction on its way.
    struct Runner {
        let id: TransactionID
        let draft: TransactionDraft
        let parts: [Int: TransactionDraft]
        var phase = Phase.begun
        var latched = true
        var asked: Set<Int> = []
        var prepared: Set<Int> = []
        var resolved: Set<Int> = []
        var timestamp = Timestamp.zero
        /// Decided, and not rolled back.
        var hasCommitted = false
        var home: Int { parts.keys.min() ?? 0 }
        var primary: [UInt8] { Footprint(parts[home] ?? draft).anchor }
    }

    enum Phase: Equatable {
        case begun
        case committing
        case ending(TransactionFate)
        case over
    }

    var random: SplitMix
    var sides: [Side]
    var now: UInt64 = 10
    var runners: [Runner] = []
    var model = TransactionModel()
    /// Steps that were proposed, to come again.
    var past: [(side: Int, step: TransactionCommand)] = []
    /// Transactions of one round that are over, to come again.
    var finished: [(runner: Runner, outcome: TransactionOutcome)] = []
    var lastNumber: UInt128 = 0

    static let names: [[String]] = [["a", "ac", "c1", "c2"], ["x", "xy", "y1", "y2"]]
    static var allKeys: [[UInt8]] { names.flatMap { $0 }.map { bytes($0) } }

    init(seed: UInt64) throws {
        random = SplitMix(seed: seed)
        sides = try (0..<2).map { _ in
            let fixture = try EngineFixture(.memory)
            return Side(fixture: fixture, machine: try open(fixture.engine))
        }
        try append(.describe(descriptor(0)), .repeated, to: 0)
        try append(.describe(descriptor(1)), .repeated, to: 1)
        try applyAll()
    }

    private func descriptor(_ side: Int) -> PartitionDescriptor {
        let range = side == 0 ? KeyRange(bytes(" "), bytes("m")) : KeyRange(bytes("m"), bytes("~"))
        return PartitionDescriptor(id: partition, range: range, epoch: 1)
    }

    mutating func pick(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }
    mutating func chance(_ percent: Int) -> Bool { pick(0..<100) < percent }

    mutating func tick() -> Timestamp {
        now += 1
        return Timestamp(now)
    }

    // MARK: The log

    mutating func append(_ step: TransactionCommand, id: UInt128? = nil, _ body: Body, to side: Int) throws {
        let index = UInt64(sides[side].log.count + 1)
        sides[side].log.append(try Entry(index, id: id, mintedAt: 0, step))
        sides[side].waiting.append((index, body))
    }

    /// Applies what is waiting, in batches of any size.
    mutating func applyAll() throws {
        for side in sides.indices {
            while !sides[side].waiting.isEmpty {
                let count = pick(1..<min(6, sides[side].waiting.count) + 1)
                let batch = Array(sides[side].waiting.prefix(count))
                sides[side].waiting.removeFirst(count)
                let entries = batch.map { sides[side].log[Int($0.index) - 1] }
                let outcomes = try sides[side].machine.apply(entries)
                for ((_, body), applied) in zip(batch, outcomes) {
                    guard let outcome = applied.transactionOutcome else {
                        // An id that nobody remembers any more, nor has a record of.
                        throw Violation("\(applied) is no outcome")
                    }
                    try take(outcome, body, side)
                }
            }
        }
    }

    mutating func crash(_ side: Int) throws {
        if chance(50) { try sides[side].fixture.engine.flush() }
        try sides[side].fixture.crash()
        let machine = try open(sides[side].fixture.engine)
        sides[side].machine = machine
        let rest = Array(sides[side].log[Int(machine.state.position.index.rawValue)...])
        var start = 0
        while start < rest.count {
            let end = min(rest.count, start + pick(1..<9))
            _ = try machine.apply(Array(rest[start..<end]))
            start = end
        }
    }
}
