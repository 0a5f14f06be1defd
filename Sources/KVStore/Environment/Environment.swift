/// The doors to the outside. Everything below HTTP reaches time, chance, threads, other nodes and disks through them
/// and in no other way, so that a simulation can stand behind each:
///
///     StoreLoop ──┬── clock      how time passes            the machine's          virtual
///                 ├── calendar   what the date is said to be  the machine's        virtual, and wrong
///                 ├── entropy    what nobody can guess      the kernel's           the seed's
///                 ├── executor   when to run, and where     threads                one thread, in an order by chance
///                 ├── network    messages to other nodes    connections            loss, delay, doubles, cuts
///                 └── storage    the log's disk, the engine files, RocksDB         disks that lose what is not synced
///
/// A lint keeps core code from going around them.
public struct Environment {
    /// How time passes.
    public let clock: any MonotonicClock
    /// What the date is said to be.
    public let calendar: any CalendarClock
    /// What nobody can guess.
    public let entropy: any EntropySource
    /// When to run, and where.
    public let executor: any LoopExecutor
    /// Messages to other nodes.
    public let network: any MessageNetwork
    /// The node's files.
    public let storage: any NodeStorage

    /// Puts the doors together.
    public init(
        clock: any MonotonicClock,
        calendar: any CalendarClock,
        entropy: any EntropySource,
        executor: any LoopExecutor,
        network: any MessageNetwork,
        storage: any NodeStorage
    ) {
        self.clock = clock
        self.calendar = calendar
        self.entropy = entropy
        self.executor = executor
        self.network = network
        self.storage = storage
    }
}

/// Tells the time that has passed. Whatever has to be right goes by this clock or by none.
public protocol MonotonicClock: AnyObject {
    /// The time now; never less than it was before on this machine, and counted while the machine is suspended.
    var now: MonotonicTime { get }
}

/// Tells what people call the time. It may be wrong, jump and go back: it only shows cluster time where to drift.
public protocol CalendarClock: AnyObject {
    /// Milliseconds since 1970, as the machine believes.
    var milliseconds: UInt64 { get }
}

/// Gives numbers that nobody can guess and that no restart repeats.
public protocol EntropySource: AnyObject {
    /// Sixty-four such bits.
    func next() -> UInt64
}

/// Runs a node's loop, and what would hold it up beside it.
///
/// The loop's actions run one after the other and never at the same time, whatever thread they were given from.
public protocol LoopExecutor: AnyObject {
    /// Runs an action on the loop, behind those that were given before.
    func enqueue(_ action: @escaping () -> Void)

    /// Runs an action on the loop when this time has passed, or later.
    func enqueue(after delay: Duration, _ action: @escaping () -> Void)

    /// Runs `work` beside the loop, behind the work that was given to the same worker before, then `completion` on the loop.
    ///
    /// The two share what they capture in turns: whoever calls this leaves alone what `work` uses until `completion`.
    func perform(on worker: LoopWorker, _ work: @escaping () -> Void, completion: @escaping () -> Void)
}

/// Who works beside a node's loop.
public enum LoopWorker: Hashable, Sendable, CaseIterable {
    /// Writes the log.
    case log
    /// Has the engine write what it holds in memory.
    case engine
}

/// Carries messages to other nodes, or loses them. It never waits: what does not fit into its queues is dropped.
public protocol MessageNetwork: AnyObject {
    /// Sends messages, each to the node it is for.
    func send(_ messages: [StoreMessage])
}

/// Where a node keeps what it must not forget.
public protocol NodeStorage: AnyObject {
    /// The directory of the log, empty at first.
    func logDirectory() throws(DiskError) -> any DiskDirectory

    /// Opens the engine, empty at first.
    func openEngine() throws(EngineError) -> any Engine
}
