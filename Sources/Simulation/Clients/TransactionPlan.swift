internal import KVStore

/// What a client wants done in one transaction, however often that has to be tried.
struct TransactionPlan {
    /// How the store is asked.
    enum Way {
        /// Keys and ranges are read at one timestamp; nothing changes.
        case look
        /// Keys and ranges are read as they were at an earlier timestamp.
        case lookBack(Timestamp)
        /// One key is read as it is now.
        case latest
        /// Reads, and then a commit of what ``TransactionPlan/change`` makes of them.
        case change
        /// What was read, as part of a transaction that changes nothing but must still hold when it commits.
        case validatedLook
    }

    var way: Way
    var reads: [[UInt8]] = []
    var ranges: [KeyRange] = []
    /// It inserts a record of itself, so that it happens once however often it is sent.
    var isMarked = false
    /// How long it is tried.
    var patience: Duration
    /// What is to change, by what was read; nil where there is nothing to be done.
    var change: (TransactionView) -> TransactionDraft? = { _ in nil }
}

/// What a transaction has read.
struct TransactionView {
    /// Of each key what was there, in the order in which they were asked for.
    var entries: [StoredEntry?] = []
    /// Of each range all that was there.
    var pages: [[EntryPage.Entry]] = []
}

/// What became of a transaction, as far as its client knows.
enum TransactionVerdict {
    /// It took place then, upon having read this.
    case committed(Timestamp, TransactionView)
    /// It did not and will not, upon having read this.
    case refused(TransactionError.Refusal, key: [UInt8], TransactionView)
    /// It did not and will not: nobody did it in time, or there was nothing to be done.
    case failed
    /// Nobody knows. With a marker, that can be found out later: these were the tries, by their numbers.
    case unknown(marker: [UInt8]?, tries: [TransactionView])
}

extension StoredEntry {
    /// What lies there as a number: that of a counter, or that which bytes spell.
    var number: Int64? {
        switch content {
        case .counter(let value): value
        case .bytes(let bytes): Int64(String(decoding: bytes, as: UTF8.self))
        }
    }
}
