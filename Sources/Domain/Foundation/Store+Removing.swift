public import KVStore

extension Database {
    /// Removes entries as they were read: all of them, or none if anybody has changed one meanwhile.
    ///
    /// - Returns: how many were removed.
    public func removeUnchanged(_ entries: [EntryPage.Entry]) async throws -> Int {
        if entries.isEmpty { return 0 }
        do {
            _ = try await transact { txn in
                for entry in entries {
                    txn.check(entry.key, .hasVersion(entry.entry.version))
                    txn.delete(entry.key)
                }
            }
            return entries.count
        } catch TransactionError.refused {
            // Another was faster. What is left is found by whoever looks the next time.
            return 0
        }
    }
}
