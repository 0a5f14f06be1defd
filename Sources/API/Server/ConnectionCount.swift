internal import Synchronization

/// How many connections are open, of at most so many.
final class ConnectionCount: Sendable {
    let limit: Int
    private let opened = Atomic(0)
    private let turnedAway = Atomic(0)

    init(limit: Int) { self.limit = limit }

    /// Open ones, those that are being turned away included.
    var open: Int { opened.load(ordering: .relaxed) }

    /// Connections that were turned away so far.
    var refused: Int { turnedAway.load(ordering: .relaxed) }

    /// Counts one more, and says whether it is to be served.
    func enter() -> Bool {
        let (_, open) = opened.add(1, ordering: .relaxed)
        guard open > limit else { return true }
        turnedAway.add(1, ordering: .relaxed)
        return false
    }

    func leave() { opened.subtract(1, ordering: .relaxed) }
}
