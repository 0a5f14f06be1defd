internal import Raft

/// Which requests of other nodes have been taken in, so that none is carried out twice however often it arrives: a
/// transaction that was refused must not be tried once more by a late copy of its request.
///
///     numbers of one life of a node's process   … too old │ ■■□■■■■■□■■ │ not seen yet …
///                                                          └ window ───┘ newest
struct SeenRequests {
    /// How far behind the newest a request may arrive.
    static let window: UInt64 = 1 << 16
    /// Lives of a node's process that are remembered.
    private static let lives = 4

    private struct Life {
        let node: NodeID
        let incarnation: UInt64
        var newest: UInt64 = 0
        var bits = [UInt64](repeating: 0, count: Int(SeenRequests.window / 64))
    }

    /// The newest last.
    private var known: [Life] = []

    /// Notes a request. Returns false for one that was noted before, or is too old to tell.
    mutating func note(_ number: UInt64, from node: NodeID, incarnation: UInt64) -> Bool {
        let place = known.firstIndex { $0.node == node && $0.incarnation == incarnation } ?? add(node, incarnation)
        let newest = known[place].newest
        // Told by differences: a number is whatever the other node says, up to the greatest there is.
        guard number > 0, number > newest || newest - number < Self.window else { return false }
        if number > newest {
            for passed in (max(newest + 1, number &- min(number, Self.window - 1)))...number {
                set(place, passed, false)
            }
            known[place].newest = number
        } else if isSet(place, number) {
            return false
        }
        set(place, number, true)
        return true
    }

    private mutating func add(_ node: NodeID, _ incarnation: UInt64) -> Int {
        let own = known.indices.filter { known[$0].node == node }
        if own.count == Self.lives { known.remove(at: own[0]) }
        known.append(Life(node: node, incarnation: incarnation))
        return known.count - 1
    }

    private func isSet(_ place: Int, _ number: UInt64) -> Bool {
        let bit = number % Self.window
        return known[place].bits[Int(bit / 64)] & (1 << (bit % 64)) != 0
    }

    private mutating func set(_ place: Int, _ number: UInt64, _ value: Bool) {
        let bit = number % Self.window
        if value {
            known[place].bits[Int(bit / 64)] |= 1 << (bit % 64)
        } else {
            known[place].bits[Int(bit / 64)] &= ~(1 << (bit % 64))
        }
    }
}
