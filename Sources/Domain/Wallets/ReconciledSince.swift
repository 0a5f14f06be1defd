/// Since which top-up there can be any that is processing, as who looks through them again and again knows.
///
///     ──── all ended ────┬── may be processing ──────────────▶ newer ids
///                        └ the oldest that was met, or the newest id of some looks ago
///
/// An id is minted shortly before the top-up is begun, and ids rise with time. So what was minted some looks ago is begun
/// by now, or never will be: a look met it if it is still processing.
public struct ReconciledSince: Sendable {
    /// How many whole looks an id has to be old. With five seconds between looks it is ten minutes, and more than ten
    /// times what a request may take.
    public static let looks = 120

    /// Where the next look begins; nil where it has to go through all.
    public private(set) var since: TransferID?
    /// An id from the time of each of the last looks, the oldest first.
    private var ids: [TransferID] = []

    /// Knows nothing yet.
    public init() {}

    /// Takes what came of a whole look.
    ///
    /// - Parameters:
    ///   - oldest: The first top-up that is still processing; nil where none is.
    ///   - id: One that was minted before the look began.
    public mutating func looked(oldest: TransferID?, id: TransferID) {
        ids.append(id)
        guard ids.count > Self.looks else { return }
        let settled = ids.removeFirst()
        since = min(oldest ?? settled, settled)
    }
}
