internal import Raft

/// The write-ahead log of a node, shared by all its Raft groups: the only thing that a commit synchronises.
///
///     append ┐                                 ┌ 1 write the batch to the segment
///     append ┼─▶ pending batch ── sync() ──────┼ 2 fdatasync
///     append ┘   of many groups                └ 3 write what it did to the ledger; no fdatasync
///
///     catalog              which segments there are
///     0…1.segment          | header | roster | batch | batch | …
///     0…1.ledger           | header | roster | did   | did   | …
///     0…2.segment          | header | roster | batch | zeros, reserved
///     0…2.ledger           | header | roster | did   |
///
/// **What is promised.** Whatever was appended before a `sync()` that returned is found again after any crash. Of what
/// was appended later, a prefix may be found, too: records of one group are never found without those before them. What
/// was acknowledged and is damaged is *reported*, with the end (term, index) that each log is known to have had and the
/// hard state that it had there; it is never mistaken for a write that the crash cut short.
///
/// **How a damaged last batch is told from a torn tail.** Three witnesses, each independent of the batch itself:
///
/// 1. What every batch did (per group: the whole hard state, base, last position, and from where on it replaced
///    entries) is written a second time *by the batch that follows*, and the state of all groups by the roster that
///    begins the next segment. A following batch is written only after the synchronisation before has returned, so it
///    is also the proof that its predecessor was durable.
/// 2. The last batch has no follower. What it did is written to the *ledger*, another file, after its synchronisation
///    has returned. That write is not waited for. It survives the death of the process at once; the follower makes it
///    superfluous; and where no follower comes, `settle()`, called when there is nothing else to do, makes it last.
/// 3. Each sector is checked by itself. A sector that a power cut kept from being written is zero; one that is neither
///    zero nor valid was damaged. This needs no second place and holds in the one gap that is left, a power cut between
///    an acknowledgement and the next commit or `settle()`: there only the loss of *whole* sectors of the very last
///    batch cannot be told from a torn tail. Closing that gap as well would take a second fdatasync a commit.
///
/// **Space.** Only the oldest segment is ever given up. `reclaim` copies what still counts of it to the head, so that
/// one lagging group pins no space; a segment's roster makes all hard states before it superfluous.
///
/// **Failure.** After an error other than `noSpace`, `tooLarge` and `unreadable` the log refuses everything, and the
/// process must end: a synchronisation that failed is never tried again. A log is used by one thread at a time.
public final class WriteAheadLog {
    let directory: any DiskDirectory
    let options: LogOptions
    var catalog: Catalog
    var groups: [PartitionID: GroupState]
    var live: Liveness
    /// Oldest first. The head, if there is one, is the last.
    var segments: [Segment]
    var head: Head?
    var nextSequence: UInt64
    /// What the last batch did, for the next one to attest.
    var lastAttestations: [Attestation] = []
    /// From where on the last batch replaced entries, for the roster of a segment that begins behind it.
    var lastChanges: [PartitionID: LogIndex] = [:]
    var pending = PendingBatches()
    var roster: RosterBudget
    private var failure: LogError?
    private var lock: (any DiskLock)?

    private init(
        directory: any DiskDirectory,
        lock: any DiskLock,
        options: LogOptions,
        catalog: Catalog,
        recovered: LogRecoverer?
    ) {
        self.directory = directory
        self.lock = lock
        self.options = options
        self.catalog = catalog
        groups = recovered?.replay.groups ?? [:]
        roster = RosterBudget(groups.values.lazy.map(\.summary))  // impure: a sum
        live = recovered?.replay.live ?? Liveness()
        segments = recovered?.segments ?? []
        nextSequence = (recovered?.replay.lastSequence ?? 0) + 1
        lastChanges = recovered?.replay.lastChanges ?? [:]
    }

    /// Makes a log in a directory that has none.
    ///
    /// - Parameter identity: A number that no other log has, so that files of another log are not taken for this one's.
    /// - Throws: `alreadyExists` where there is a log, or what is left of one; `locked` where one is being made.
    public static func create(
        in directory: any DiskDirectory,
        identity: UInt64,
        options: LogOptions = LogOptions()
    ) throws(LogError) -> WriteAheadLog {
        options.validate()
        guard try LogRecoverer(directory: directory).isUnborn() else { throw .alreadyExists }
        let lock = try hold(directory)
        // Whoever had the lock before may have made one meanwhile.
        guard try LogRecoverer(directory: directory).isUnborn() else { throw .alreadyExists }
        let file = try onDisk { () throws(DiskError) in
            for name in try directory.list() where name == LogFileName.catalog || LogFileName.number(of: name) != nil {
                try directory.remove(name)
            }
            try directory.synchronize()
            return try directory.create(LogFileName.catalog)
        }
        let state = Catalog.State(oldest: 1, newest: 1, generation: 0)
        let catalog = Catalog(file: file, identity: identity, state: state)
        let log = WriteAheadLog(
            directory: directory,
            lock: lock,
            options: options,
            catalog: catalog,
            recovered: nil
        )
        try log.beginSegment(roomFor: 0)
        try onDisk { () throws(DiskError) in try log.catalog.note(oldest: 1, newest: 1) }
        return log
    }

    /// Opens the log of a directory and tells what is in it.
    ///
    /// Reads every segment. What it tells is durable when it returns. A log that is damaged is opened, too: the groups
    /// that suffer have a floor, which is kept until `LogRecord.repaired`.
    ///
    /// - Throws: `missing` where there is no log: whoever knows that there was one knows then that all of it is lost.
    ///   `locked` where the log is open already; it stays so until `close()`, or until the last reference goes.
    public static func open(
        in directory: any DiskDirectory,
        options: LogOptions = LogOptions()
    ) throws(LogError) -> (log: WriteAheadLog, recovery: LogRecovery) {
        options.validate()
        let lock = try hold(directory)
        var recoverer = try LogRecoverer(directory: directory)
        let catalog = try recoverer.run()
        let log = WriteAheadLog(
            directory: directory,
            lock: lock,
            options: options,
            catalog: catalog,
            recovered: recoverer
        )
        let groups = log.groups.keys.sorted().compactMap { log.groups[$0] }.map(RecoveredGroup.init)
        let replay = recoverer.replay
        return (log, LogRecovery(groups: groups, damage: replay.damage, mayMissGroups: replay.isBlind))
    }

    /// Adds a record to what the next `sync()` makes durable.
    ///
    /// - Throws: `tooLarge` for an entry larger than a batch; `unreadable` for what no reader would accept; what has stopped the log, if it has.
    public func append(_ record: LogRecord) throws(LogError) {
        try checkRunning()
        try add(record)
    }

    /// Adds what is to be found again together or not at all: records of one group, all of which go into one batch.
    ///
    /// What exceeds a batch is cut between entries. Each part then begins with the hard state, and one that is not the
    /// last knows no more to be committed than it holds: a crash between two parts leaves what could have been.
    ///
    /// - Throws: As for a single record. Then none of them was added.
    public func append(_ records: [LogRecord]) throws(LogError) {
        try checkRunning()
        try add(records)
    }

    /// Makes everything that was appended durable: one write and one fdatasync, unless it exceeds the limits of a batch.
    ///
    /// - Throws: `noSpace`, after which what was not written yet stays pending; `disk`, after which the log has stopped.
    public func sync() throws(LogError) {
        try guarded { () throws(LogError) in
            while let batch = pending.first {
                try commit(batch)
                pending.removeFirst()
            }
        }
    }

    /// True when a `sync()` would write something.
    public var isPending: Bool { pending.first != nil }

    /// Makes the ledger durable. To be called when there is nothing to commit for now; see the type's description.
    public func settle() throws(LogError) {
        try guarded { () throws(LogError) in
            guard let head, !head.ledgerIsSettled else { return }
            try onDisk { () throws(DiskError) in try head.ledger.synchronize() }
            self.head?.ledgerIsSettled = true
        }
    }

    /// Makes everything durable and notes that the log ends here in good order. Nothing may be appended afterwards.
    public func close() throws(LogError) {
        try sync()
        try guarded { () throws(LogError) in try noteClosing() }
        try settle()
        failure = .disk(.poweredOff)
        lock = nil
    }

    private static func hold(_ directory: any DiskDirectory) throws(LogError) -> any DiskLock {
        do throws(DiskError) {
            return try directory.lock()
        } catch {
            throw error == .locked ? .locked : .disk(error)
        }
    }

    /// Performs an operation, unless the log has stopped; stops the log if the operation fails for good.
    func guarded<Value>(_ operation: () throws(LogError) -> Value) throws(LogError) -> Value {
        try checkRunning()
        do throws(LogError) {
            return try operation()
        } catch {
            switch error {
            case .noSpace, .tooLarge, .unreadable: break
            default: failure = error
            }
            throw error
        }
    }

    private func checkRunning() throws(LogError) {
        if let failure { throw failure }
    }
}
