internal import Synchronization

/// How many bytes may be held at once for clients: bodies that arrive, and large answers that leave.
///
/// Ten thousand slow clients with a value each would otherwise hold ten gigabytes.
final class MemoryBudget: Sendable {
    private let limitBytes: Int
    private let heldBytes = Atomic(0)

    init(limitBytes: Int) { self.limitBytes = limitBytes }

    /// Bytes that are held at the moment.
    var held: Int { heldBytes.load(ordering: .relaxed) }

    /// Room for so many bytes until the reservation is let go; nil where there is not enough.
    func reserve(_ bytes: Int) -> Reservation? {
        precondition(bytes >= 0, "A reservation takes room, it does not give it.")
        let (_, held) = heldBytes.add(bytes, ordering: .relaxed)
        guard held <= limitBytes else {
            heldBytes.subtract(bytes, ordering: .relaxed)
            return nil
        }
        return Reservation(bytes: bytes, of: self)
    }

    /// A part of the budget; it goes back when nobody has the reservation any more.
    final class Reservation: Sendable {
        private let bytes: Int
        private let budget: MemoryBudget

        fileprivate init(bytes: Int, of budget: MemoryBudget) {
            self.bytes = bytes
            self.budget = budget
        }

        deinit { budget.heldBytes.subtract(bytes, ordering: .relaxed) }
    }
}
