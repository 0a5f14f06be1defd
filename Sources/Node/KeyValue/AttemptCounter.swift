internal import KVStore

/// Names attempts of transactions without asking the loop: by the life of the process, and a number.
final class AttemptCounter: Sendable {
    private let incarnation: UInt64
    private let calendar = SystemCalendar()
    private let last = Monitor<UInt64>(0)
    /// The loop names attempts of its own: this bit tells them from those made here.
    private static let mark: UInt64 = 3 << 62

    init(incarnation: UInt64) { self.incarnation = incarnation }

    func next(age: TransactionAge?) -> TransactionAttempt {
        let number = last.withLock { last -> UInt64 in
            last += 1
            return last
        }
        let id = TransactionID(UInt128(incarnation) << 64 | UInt128(Self.mark | number))
        let fresh = TransactionAge(milliseconds: calendar.milliseconds, tieBreak: incarnation &+ number)
        return TransactionAttempt(id: id, age: age ?? fresh)
    }
}
