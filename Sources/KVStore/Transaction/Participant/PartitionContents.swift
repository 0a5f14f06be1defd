/// What a partition's leader looks at of what has been applied.
protocol PartitionContents {
    /// The partition's epoch.
    var epoch: UInt64 { get }

    /// The first transaction, other than `attempt`, that holds something in the way of these claims, and at which key.
    func holder(against claims: Claims, except attempt: TransactionID?) -> (holder: IntentHolder, key: [UInt8])?

    /// Those who may yet change one of these keys at or below `timestamp`, or ever, if there is none; each once.
    func holders(changing keys: [[UInt8]], upTo timestamp: Timestamp?, except attempt: TransactionID?) -> [IntentHolder]

    /// Those who may yet change something in this range at or below `timestamp`; each once.
    func holders(changing range: KeyRange, upTo timestamp: Timestamp) -> [IntentHolder]

    /// All whose time is over.
    func holders(expiredAt now: Timestamp) -> [IntentHolder]

    /// Some key that a transaction holds here; nil where it holds nothing.
    func anchor(of attempt: TransactionID) -> [UInt8]?

    /// What keys have, at a timestamp or at last: at least the first has its answer, the others as far as there is room in
    /// one.
    func read(_ keys: [[UInt8]], at timestamp: Timestamp?) -> PartitionResponse

    /// The entries of a range at a timestamp, as far as the limit allows and one answer has room.
    func scan(_ range: KeyRange, at timestamp: Timestamp, limit: ScanLimit) -> PartitionResponse

    /// What a transaction's record says; nil where there is none.
    func record(of attempt: TransactionID, primary: [UInt8]) -> TransactionOutcome?
}
