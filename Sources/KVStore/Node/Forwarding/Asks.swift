internal import HeapModule
internal import Raft

/// What a node has asked of others and was not told yet. Each is taken out once: with its response, or for the reason why
/// none will come.
struct Asks {
    struct Ask {
        let node: NodeID
        let reply: ([UInt8]?) -> Void
    }

    private struct Deadline: Comparable {
        let tick: Int
        let number: UInt64

        static func < (a: Deadline, b: Deadline) -> Bool { (a.tick, a.number) < (b.tick, b.number) }
    }

    /// Looked up by number; walked in the order of numbers only.
    private var all: [UInt64: Ask] = [:]
    private var deadlines = Heap<Deadline>()
    private var lastNumber: UInt64 = 0
    /// Which life of each node's process was met last. Looked up only.
    private var incarnations: [NodeID: UInt64] = [:]

    var count: Int { all.count }

    /// Notes what was asked, and returns the number under which the response will come.
    mutating func add(_ ask: Ask, lastTick: Int) -> UInt64 {
        lastNumber += 1
        all[lastNumber] = ask
        deadlines.insert(Deadline(tick: lastTick, number: lastNumber))
        return lastNumber
    }

    /// What a node responds to, if that is still waited for.
    mutating func take(_ number: UInt64, from node: NodeID) -> Ask? {
        guard all[number]?.node == node else { return nil }
        return all.removeValue(forKey: number)
    }

    /// The next whose time is over.
    mutating func takeDue(at tick: Int) -> Ask? {
        while let deadline = deadlines.min, deadline.tick <= tick {
            _ = deadlines.popMin()
            if let ask = all.removeValue(forKey: deadline.number) { return ask }
        }
        return nil
    }

    /// All that a node was asked, in the order in which it was: it is lost.
    mutating func takeAll(of node: NodeID) -> [Ask] {
        all.keys.sorted().filter { all[$0]?.node == node }.compactMap { all.removeValue(forKey: $0) }
    }

    /// A node has introduced itself. Returns what an earlier life of its process was asked, and knows nothing of now.
    mutating func met(_ node: NodeID, incarnation: UInt64) -> [Ask] {
        let before = incarnations.updateValue(incarnation, forKey: node)
        return before == nil || before == incarnation ? [] : takeAll(of: node)
    }

    mutating func removeAll() -> [Ask] {
        defer {
            all.removeAll()
            deadlines = Heap()
        }
        return all.keys.sorted().compactMap { all[$0] }
    }
}
