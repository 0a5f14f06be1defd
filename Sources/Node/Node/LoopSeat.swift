internal import KVStore

/// Holds a node's loop, and those who wait for its word. Touched on the loop's thread only, which is why it may be named
/// from other threads.
final class LoopSeat: @unchecked Sendable {
    private(set) var loop: StoreLoop?
    private var waiting: [UInt64: () -> Void] = [:]
    private var lastWaiting: UInt64 = 0

    func sit(_ loop: StoreLoop) { self.loop = loop }

    /// Remembers somebody who is to be told if no answer can come any more.
    func wait(_ giveUp: @escaping () -> Void) -> UInt64 {
        lastWaiting += 1
        waiting[lastWaiting] = giveUp
        return lastWaiting
    }

    /// An answer came; returns false if it came before, or cannot be given any more.
    func answered(_ number: UInt64) -> Bool { waiting.removeValue(forKey: number) != nil }

    /// There will be no answers any more.
    func leave() {
        loop = nil
        let all = waiting.sorted { $0.key < $1.key }
        waiting = [:]
        for (_, giveUp) in all { giveUp() }
    }
}
