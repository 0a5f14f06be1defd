/// The local engine: an ordered map from byte strings to byte strings, on one node, without a log of its own.
///
/// Keys are ordered as `memcmp` orders them, a prefix before its continuations. Any bytes are a key, the empty key
/// included; any bytes are a value. ``EngineLimits`` bounds their sizes.
///
/// **Order.** Writes and ingestions happen one after another: there is one history, and each of them is wholly in it
/// or not at all.
///
///     history:   w1  w2  w3  ingest4  w5  w6  w7
///                                     ▲         ▲
///                            durable ─┘         └─ what readers see
///
/// **Durability.** A write is visible when it returns and durable only later, when the engine has flushed it by itself
/// or when it was asked to. What a crash leaves is always the state after some *prefix* of the history, and never a
/// shorter prefix than the last ``flush()``, ``ingest(_:)`` or ``checkpoint(into:)`` that returned. A key that is part
/// of every write (the applied index) therefore tells after a crash exactly which writes survived, and
/// ``persistedValue(of:)`` tells the same without one. Whoever writes must be able to repeat the writes behind that
/// point; ``close()`` flushes nothing.
///
/// **Threads.** An engine and its snapshots may be used by any number of threads at once. Every call may block on the
/// disk: reads for a block, ``write(_:)`` while the engine catches up with flushing, the rest for as long as their
/// work takes.
///
/// **Errors.** After ``EngineError/corruption(_:)`` and ``EngineError/inputOutput(_:)`` the engine's data must not be
/// trusted: the process ends.
public protocol Engine: EngineReader {
    /// Applies all operations of the batch, in their order, as one step of the history. An empty batch is no step.
    ///
    /// Returns when every reader sees the batch; it is not durable yet.
    func write(_ batch: WriteBatch) throws(EngineError)

    /// The value of a key in the durable state, which is what a crash at this moment would leave.
    ///
    /// Durable states follow the history: once this has returned the outcome of a write, no crash loses that write or
    /// one before it.
    func persistedValue(of key: [UInt8]) throws(EngineError) -> [UInt8]?

    /// Makes every write that has returned before this call durable.
    func flush() throws(EngineError)

    /// The state at this moment, unmoved by later writes. It costs no copy, but keeps old versions from being
    /// reclaimed for as long as it lives.
    func snapshot() throws(EngineError) -> any EngineSnapshot

    /// Begins a file for ``ingest(_:)``.
    ///
    /// The file belongs to this engine. If it is not ingested it is removed when it is released, or, after a crash,
    /// when the engine is opened again.
    func makeSortedFile() throws(EngineError) -> any SortedFile

    /// Applies a finished file as one step of the history: its range deletions first, then its entries.
    ///
    /// This is how a replica's data is replaced as a whole, applied index included. It is durable at return, and with
    /// it everything before it in the history. The file is used up, also when an error is thrown.
    ///
    /// The caller has made the file by ``makeSortedFile()`` of this engine, finished it, and passes it once.
    func ingest(_ file: any SortedFile) throws(EngineError)

    /// Flushes, then makes a copy of the durable state in a new directory, which can be opened as an engine of the
    /// same kind. It contains every write that has returned before this call; where the file system can, files are
    /// linked, not copied. The copy is durable at return.
    ///
    /// - Throws: ``EngineError/exists(_:)`` if the directory exists. Its parent must exist.
    func checkpoint(into directory: String) throws(EngineError)

    /// Ends the engine's work and lets go of its directory. Writes that are not durable are lost: an orderly
    /// shutdown, which wants a short recovery, flushes first. Later calls throw ``EngineError/closed``.
    ///
    /// - Throws: ``EngineError/inUse`` while a snapshot, an iterator or a sorted file of this engine lives; the engine
    ///   stays open then.
    func close() throws(EngineError)
}

/// A consistent state of an engine, fixed when the snapshot was made.
public protocol EngineSnapshot: EngineReader {}
