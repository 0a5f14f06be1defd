import API
import KVStore

extension MetricFamily {
    /// What the node has counted of transactions.
    static func ofTransactions(_ counts: TransactionCounts) -> [MetricFamily] {
        let all: [(name: String, help: String, value: Int)] = [
            ("attempts", "Attempts that were begun here.", counts.attempts),
            ("one_round", "Attempts whose keys all lay in one partition.", counts.oneRound),
            ("committed", "Attempts that have committed.", counts.committed),
            ("conflicts", "Attempts that others came between.", counts.conflicts),
            ("refused", "Attempts whose conditions did not hold.", counts.refused),
            ("unknown", "Attempts of which nobody knew here what became of them.", counts.unknown),
            ("rounds", "Rounds of log entries that attempts have waited for.", counts.rounds),
            ("retries", "Requests between nodes that were sent again.", counts.retries),
            ("waits", "Requests that waited for a latch, an intent or an older request.", counts.waits),
            ("deaths", "Requests of younger transactions that gave way.", counts.deaths),
            ("questions", "Questions to primaries about transactions in somebody's way.", counts.questions),
            ("resolutions", "Transactions that others than their coordinators have finished.", counts.resolutions),
            ("timestamp_batches", "Requests for timestamps that were sent.", counts.timestampBatches),
            ("timestamps", "Timestamps that were wanted.", counts.timestamps),
            ("collections", "Pieces of partitions that were rid of what nobody may ask for.", counts.collections),
        ]
        return all.map {
            MetricFamily("gala_transactions_\($0.name)_total", .counter, help: $0.help, value: Double($0.value))
        }
    }
}
