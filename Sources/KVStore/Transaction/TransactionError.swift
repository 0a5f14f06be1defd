/// Why a transaction did not commit, or why nobody can tell.
public enum TransactionError: Error, Hashable, Sendable {
    /// A field breaks a rule. Nothing changed.
    case invalid(FieldError)
    /// What the transaction asked for does not hold. Final: nothing changed and nothing will.
    case refused(Refusal, key: [UInt8])
    /// Others came between until the time was over. Final: nothing changed and nothing will.
    case conflict(key: [UInt8])
    /// The snapshot is older than what is kept. Take a newer one.
    case snapshotTooOld
    /// Nobody leads a partition that is needed, as far as is known. Nothing changed; try again in a moment.
    case noLeader
    /// Too much is waiting. Nothing changed; try again in a moment.
    case overloaded
    /// There is no room on the disks. Nothing changed.
    case diskFull
    /// The asked node is ending. Nothing changed; ask another.
    case stopping
    /// Nobody can tell from here whether it committed; it may do so later.
    case unknown
    /// What is stored cannot be read by this program.
    case unreadable(String)

    /// What did not hold.
    public enum Refusal: String, Hashable, Sendable, CaseIterable {
        /// A key is there that must be absent, or absent, or another version.
        case checkFailed = "check-failed"
        /// A counter would leave its bounds, or 64 bits.
        case boundReached = "bound-reached"
        /// An addition to bytes, or bytes in a counter's place.
        case wrongType = "wrong-type"
    }
}
