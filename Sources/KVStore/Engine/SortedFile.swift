/// A file of entries in ascending order, with range deletions that go before them, built outside of the engine's
/// history and brought into it as a whole by ``Engine/ingest(_:)``.
///
/// To replace a range: delete the range, put the new entries, put the applied index (which may lie outside of the
/// range), finish, ingest. A range deletion never removes an entry of its own file, whichever was called first.
///
/// One thread builds a file. Memory stays bounded whatever the file's size, except in an in-memory engine. After an
/// error the file is of no use and is released.
public protocol SortedFile: AnyObject {
    /// Removes what the engine has in the range when the file is ingested. An empty range removes nothing.
    func delete(_ range: KeyRange) throws(EngineError)

    /// Adds an entry.
    ///
    /// - Throws: ``EngineError/outOfOrder`` unless the key lies behind every key added before.
    func put(_ key: [UInt8], _ value: [UInt8]) throws(EngineError)

    /// Completes the file and syncs it. Nothing can be added afterwards.
    ///
    /// - Throws: ``EngineError/emptyFile`` if nothing was added.
    func finish() throws(EngineError)
}
