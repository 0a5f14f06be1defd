/// What transactions hold, or wait for, on a node.
public struct TransactionHoldings: Hashable, Sendable {
    /// Intents in the replicas of this node, by transactions.
    public let holders: Int
    /// Requests under way at partitions that are led here: they hold latches, or wait.
    public let requests: Int
    /// Attempts under way here.
    public let attempts: Int
    /// Requests on their way from here that change something or wait for somebody.
    public let sends: Int

    /// True where nothing is left.
    public var isEmpty: Bool { holders == 0 && requests == 0 && attempts == 0 && sends == 0 }
}

extension StoreLoop {
    /// What transactions hold, or wait for, here and now. A node asks for the time now and then: that does not count.
    public var transactionHoldings: TransactionHoldings {
        var holders = 0
        for partition in store.partitions { holders += store.machine(of: partition)?.intents.count ?? 0 }
        var requests = 0
        for partition in transactions.served.keys.sorted() {
            requests += transactions.served[partition]?.participant.requests.count ?? 0
        }
        let sends = transactions.sends.keys.sorted().count { number in
            if case .timestamps? = transactions.sends[number]?.request { false } else { true }
        }
        return TransactionHoldings(
            holders: holders,
            requests: requests,
            attempts: transactions.running.count,
            sends: sends
        )
    }
}
