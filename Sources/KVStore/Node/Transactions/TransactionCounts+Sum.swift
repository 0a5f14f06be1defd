extension TransactionCounts {
    /// Nothing has happened.
    public static let none = TransactionCounts()

    /// Adds what has happened elsewhere, or in another life.
    public static func += (total: inout TransactionCounts, other: TransactionCounts) {
        total.attempts += other.attempts
        total.oneRound += other.oneRound
        total.committed += other.committed
        total.conflicts += other.conflicts
        total.refused += other.refused
        total.unknown += other.unknown
        total.rounds += other.rounds
        total.retries += other.retries
        total.waits += other.waits
        total.deaths += other.deaths
        total.questions += other.questions
        total.resolutions += other.resolutions
        total.timestampBatches += other.timestampBatches
        total.timestamps += other.timestamps
        total.collections += other.collections
    }
}
