/// What the runtime has found on disk: everything that a core starts from.
public struct RestoredState: Hashable, Sendable {
    /// Term, vote and commit index.
    public var hardState: HardState
    /// The last entry that the state machine contains.
    public var applied: LogIndex
    /// The configuration in force at `applied`, kept by the state machine with its data.
    public var configuration: Configuration
    /// Where the log begins and ends, and its terms.
    public var log: TermHistory
    /// The configuration entries of the log behind `applied`. Ascending.
    public var configurations: [ConfigurationEntry]
    /// Payload bytes of the log's entries behind the commit index; more is safe.
    public var uncommittedBytes: Int

    /// A configuration entry and its place.
    public struct ConfigurationEntry: Hashable, Sendable {
        /// The entry's index.
        public let index: LogIndex
        /// What it says.
        public let configuration: Configuration

        /// Makes an entry.
        public init(index: LogIndex, configuration: Configuration) {
            self.index = index
            self.configuration = configuration
        }
    }

    /// A replica that has never run. All first replicas of a group start from the same configuration; a replica that
    /// joins later starts from the same one too, or from an empty one, and learns the rest from the log or a snapshot.
    public init(initial configuration: Configuration) {
        self.init(
            hardState: .initial,
            applied: .zero,
            configuration: configuration,
            log: TermHistory(),
            configurations: [],
            uncommittedBytes: 0
        )
    }

    /// A replica that has run before.
    public init(
        hardState: HardState,
        applied: LogIndex,
        configuration: Configuration,
        log: TermHistory,
        configurations: [ConfigurationEntry],
        uncommittedBytes: Int
    ) {
        self.hardState = hardState
        self.applied = applied
        self.configuration = configuration
        self.log = log
        self.configurations = configurations
        self.uncommittedBytes = uncommittedBytes
    }

    /// Why a replica must not start from this.
    public enum Inconsistency: Error, Hashable, Sendable {
        /// The log is of a later term than the hard state: the term was not written before its entries.
        case termBehindLog
        /// More is known to be committed than the log holds: its end is missing.
        case commitBehindLog
        /// The state machine has not applied what the log has compacted away.
        case appliedBelowBase
        /// The state machine contains more than the log holds: its end is missing.
        case appliedBehindLog
        /// A configuration in which somebody has two parts that exclude each other, or nobody votes. The one in force
        /// may be empty: a replica that joins does not know it yet.
        case configurationImpossible
        /// A configuration entry lies outside the log, or not behind what is applied, or out of order.
        case configurationOutOfPlace
    }

    /// Throws for the first thing that cannot be. A replica whose disk says such things has lost something.
    public func validate() throws(Inconsistency) {
        if log.last.term > hardState.term { throw .termBehindLog }
        if hardState.commit > log.lastIndex { throw .commitBehindLog }
        if applied < log.base.index { throw .appliedBelowBase }
        if applied > log.lastIndex { throw .appliedBehindLog }
        guard configuration.members.isEmpty || configuration.isPlausible else { throw .configurationImpossible }
        var previous = applied
        for entry in configurations {
            guard entry.index > previous, entry.index <= log.lastIndex else { throw .configurationOutOfPlace }
            guard entry.configuration.isPlausible else { throw .configurationImpossible }
            previous = entry.index
        }
    }
}
