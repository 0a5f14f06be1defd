/// What a node knows of revocations: whether an access token still holds.
public struct RevocationView: Sendable {
    private struct Epochs {
        var epoch: UInt64
        var floor: UInt64
        var kept: SessionID?
        var seenAt: Instant
    }

    private var epochs: [UserID: Epochs] = [:]
    private var sessions: [SessionID: Instant] = [:]
    /// Up to when the log was read; nil before the first time.
    public private(set) var readUpTo: Instant?

    /// Knows nothing yet.
    public init() {}

    /// Where to go on reading the log; nil to read all of it.
    public var nextRead: Instant? { readUpTo?.advanced(by: .zero - RevocationLog.overlap) }

    /// Takes what was read. The same entry may come several times.
    public mutating func take(_ revocations: [Revocation], upTo moment: Instant) {
        readUpTo = max(readUpTo ?? moment, moment)
        for revocation in revocations { note(revocation, at: moment) }
    }

    /// Takes one revocation, such as one that this node itself has brought about.
    public mutating func note(_ revocation: Revocation, at moment: Instant) {
        switch revocation.scope {
        case .session(let session):
            sessions[session] = max(sessions[session] ?? moment, moment)
        case .epoch(let epoch, let floor, let kept):
            let known = epochs[revocation.user]
            if let known, known.epoch > epoch { return }
            let seenAt = max(known?.seenAt ?? moment, moment)
            epochs[revocation.user] = Epochs(epoch: epoch, floor: floor, kept: kept, seenAt: seenAt)
        }
    }

    /// Forgets what is about tokens that have all expired by themselves.
    public mutating func forget(before moment: Instant) {
        sessions = sessions.filter { $0.value >= moment }
        epochs = epochs.filter { $0.value.seenAt >= moment }
    }

    /// True if a token does not hold any more.
    public func isRevoked(user: UserID, session: SessionID, epoch: UInt64) -> Bool {
        if sessions[session] != nil { return true }
        guard let known = epochs[user], epoch < known.epoch else { return false }
        return epoch < known.floor || session != known.kept
    }
}
