import Synchronization

/// Which keys clients meet at.
///
/// A few at a time, so that they meet often; each is given up for a new one after a while, so that a key's operations
/// can be put in order. All keys ever used are read at the end, and old ones now and then before.
final class KeyRing: Sendable {
    private struct Slot {
        var generation = 0
        var uses = 0
    }

    private let slots: Mutex<[Slot]>
    private let usesLimit: Int

    init(slots: Int, usesLimit: Int) {
        self.slots = Mutex(Array(repeating: Slot(), count: slots))
        self.usesLimit = usesLimit
    }

    /// The key to use now in a slot.
    func key(_ slot: Int) -> String {
        slots.withLock { slots in
            slots[slot].uses += 1
            if slots[slot].uses > usesLimit {
                slots[slot].generation += 1
                slots[slot].uses = 1
            }
            return Self.name(slot, slots[slot].generation)
        }
    }

    /// A key of a slot that is no longer in use; nil as long as there is none.
    func oldKey(_ slot: Int, _ dice: inout Dice) -> String? {
        let generation = slots.withLock { $0[slot].generation }
        return generation == 0 ? nil : Self.name(slot, dice.below(generation))
    }

    /// Every key that was ever used.
    var all: [String] {
        slots.withLock { slots in
            slots.enumerated().flatMap { place, slot in (0...slot.generation).map { Self.name(place, $0) } }
        }
    }

    private static func name(_ slot: Int, _ generation: Int) -> String { "chaos-\(slot)-\(generation)" }
}
