public import Raft

/// Names a command for ever: whoever mints one never uses it for another command, on no node and after no restart.
public struct CommandID: Hashable, Sendable, CustomStringConvertible {
    /// The number itself.
    public let rawValue: UInt128

    /// Wraps a number. Zero is a valid id like any other.
    public init(_ rawValue: UInt128) { self.rawValue = rawValue }

    /// The number, in hexadecimal.
    public var description: String { String(rawValue, radix: 16) }
}

/// A change of one partition's data, as one entry of its log: plain operations, or a step of a transaction.
///
/// **All or nothing.** Every `compareAndSet` looks at the data as it was before the command. If all of them find what
/// they expect, all operations take effect, in their order; if not, none does.
///
/// **Once.** Most steps of transactions leave a trace by which they are known when they come again. For operations and
/// transactions of one round there is a memory. A proposer that does not learn what became of a command proposes it again, unchanged. However often it
/// gets into the log, it takes effect at most once: the partition remembers the last ``CommandLimits/rememberedCommands``
/// commands with their outcomes. That alone would not do, since a command may come back later than that. So a command
/// says behind which index its first copy must lie, and once the memory no longer reaches back so far it is refused:
///
///     log   …──┬───────────┬───────────────┬─────────────▶
///              │           │               └ remembered from here on
///              │           └ forgotten: a copy could have been applied here, so the command is refused as expired
///              └ mintedAt
public struct Command: Hashable, Sendable {
    /// Its name, the same in every copy.
    public let id: CommandID
    /// The index up to which the proposer's replica had applied the log when it minted the id, the same in every copy.
    /// No copy of the command can have been committed at or below it.
    public let mintedAt: LogIndex
    /// What to do.
    public let content: Content

    /// What a command may be.
    public enum Content: Hashable, Sendable {
        /// Changes of plain keys. At least one, at most ``CommandLimits/operations``.
        case operations([Operation])
        /// A step of a transaction.
        case transaction(TransactionCommand)
    }

    /// One step of a command. Keys and values are parts of longer byte strings, so that a command which was read from
    /// an entry shares the entry's memory.
    public enum Operation: Hashable, Sendable {
        /// Gives the key this value, whether it had one or not.
        case put(key: ArraySlice<UInt8>, value: ArraySlice<UInt8>)
        /// Removes the key, if it is there.
        case delete(key: ArraySlice<UInt8>)
        /// Expects the key to have this value, or not to be there, and then gives it another, or removes it.
        case compareAndSet(key: ArraySlice<UInt8>, expected: ArraySlice<UInt8>?, new: ArraySlice<UInt8>?)
        /// Removes the keys from `from` up to, and without, `upTo`; up to the partition's end without one.
        case deleteRange(from: ArraySlice<UInt8>, upTo: ArraySlice<UInt8>?)
    }

    /// Makes a command. Its limits are looked at when it is encoded.
    public init(id: CommandID, mintedAt: LogIndex, operations: [Operation]) {
        self.init(id: id, mintedAt: mintedAt, .operations(operations))
    }

    /// Makes a step of a transaction. Its limits are looked at when it is encoded.
    ///
    /// - Parameters:
    ///   - id: That of a transaction of one round, as a number; of other steps any that is not used twice.
    ///   - mintedAt: Only of use to a transaction of one round.
    public init(id: CommandID, mintedAt: LogIndex, transaction: TransactionCommand) {
        self.init(id: id, mintedAt: mintedAt, .transaction(transaction))
    }

    init(id: CommandID, mintedAt: LogIndex, _ content: Content) {
        self.id = id
        self.mintedAt = mintedAt
        self.content = content
    }

    /// Its operations; none, where it is a step of a transaction.
    public var operations: [Operation] {
        if case .operations(let operations) = content { operations } else { [] }
    }
}

/// The sizes that commands are held to, by who proposes them and by who reads them from a log.
public enum CommandLimits {
    /// The longest key, in bytes.
    public static let keyBytes = 4 << 10
    /// The longest value, in bytes.
    public static let valueBytes = 1 << 20
    /// The longest command, in bytes as it is encoded.
    public static let commandBytes = 4 << 20
    /// The most operations of one command.
    public static let operations = 8_192
    /// How many commands a partition remembers, to apply none of them again. Part of the replicated state: replicas
    /// that differ in it would drift apart.
    public static let rememberedCommands = 8_192
}

/// What a command came to.
public enum CommandOutcome: Hashable, Sendable {
    /// All its operations took effect.
    case applied
    /// The operation with this number, counted from 0, did not find what it expected. Nothing took effect.
    case conditionFailed(operation: Int)
    /// Nothing took effect now, and nobody can tell any more whether an earlier copy did. Whoever proposed it has to
    /// read the data to find out, and goes on with a new id.
    case expired
    /// What a step of a transaction came to.
    case transaction(TransactionOutcome)
}
