internal import Raft

/// When a partition that is led here forgets what nobody may ask for any more: in passes over all its keys, a piece at a
/// time. A partition that nobody writes to is passed over less and less often.
struct CollectionSchedule {
    /// The next piece is not due before this tick.
    private var dueTick: Int
    /// How long to wait after a pass.
    private var waitTicks: Int
    /// Where the log was when the last pass had come to its end, and how many entries this one has taken since.
    private var lastIndex: LogIndex?
    private var pieces: UInt64 = 0
    private var isUnderWay = false

    /// The first pass is due after a wait.
    init(_ options: CollectionOptions, at tick: Int) {
        waitTicks = options.waitTicks
        dueTick = tick + options.waitTicks
    }

    /// True if a piece is to be proposed now; then one of the following has to be told, once.
    mutating func isDue(at tick: Int) -> Bool {
        guard !isUnderWay, tick >= dueTick else { return false }
        isUnderWay = true
        return true
    }

    /// A piece was not done, or nobody knows.
    mutating func failed(_ options: CollectionOptions, at tick: Int) {
        isUnderWay = false
        dueTick = tick + options.waitTicks
    }

    /// A piece is applied.
    ///
    /// - Parameters:
    ///   - index: How far the log has been applied.
    ///   - isEnd: True where it was the last piece of the pass.
    mutating func done(_ options: CollectionOptions, at tick: Int, index: LogIndex, isEnd: Bool) {
        isUnderWay = false
        pieces += 1
        guard isEnd else {
            dueTick = tick + options.stepTicks
            return
        }
        let isQuiet = lastIndex.map { index.rawValue <= $0.rawValue + pieces } ?? false
        waitTicks = isQuiet ? min(2 * waitTicks, options.longestWaitTicks) : options.waitTicks
        dueTick = tick + waitTicks
        lastIndex = index
        pieces = 0
    }
}

/// What partitions keep, and how they go about forgetting the rest.
public struct CollectionOptions: Hashable, Sendable {
    /// For how long what was at a timestamp may be asked for.
    public var retention = Duration.seconds(3600)
    /// For how long it is known what became of a transaction. Longer than anybody's patience, by far.
    public var recordRetention = Duration.seconds(24 * 3600)
    /// How long to wait after a pass, in ticks of the loop; twice as long each time that nothing was written meanwhile.
    public var waitTicks = 6000
    /// The longest wait after a pass, in ticks.
    public var longestWaitTicks = 360_000
    /// How long to wait between two pieces of a pass, in ticks.
    public var stepTicks = 20
    /// How many rows a piece looks at, at most.
    public var pieceRows = 250

    /// The usual ones.
    public init() {}
}
