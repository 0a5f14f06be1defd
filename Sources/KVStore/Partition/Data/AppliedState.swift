public import Raft

/// How far a replica has applied its log, and what it must know to go on from there. Written with the data in the same
/// batch, always.
public struct AppliedState: Hashable, Sendable {
    /// The last entry that was applied.
    public internal(set) var position: LogPosition
    /// The configuration in force there.
    public internal(set) var configuration: Configuration
    /// The entry that said so; zero while it is the one that the replica was made with.
    ///
    /// The first configuration may differ from replica to replica, since one that joins later may be made with an empty
    /// one: it is no part of what replicas have in common.
    public internal(set) var configurationIndex: LogIndex
    /// How many commands were ever remembered.
    var rememberedCount: UInt64
    /// The last entry whose command was forgotten again.
    var forgottenThrough: LogIndex

    /// A replica that has applied nothing.
    init(initial configuration: Configuration) {
        self.init(
            position: .origin,
            configuration: configuration,
            configurationIndex: .zero,
            rememberedCount: 0,
            forgottenThrough: .zero
        )
    }

    init(
        position: LogPosition,
        configuration: Configuration,
        configurationIndex: LogIndex,
        rememberedCount: UInt64,
        forgottenThrough: LogIndex
    ) {
        self.position = position
        self.configuration = configuration
        self.configurationIndex = configurationIndex
        self.rememberedCount = rememberedCount
        self.forgottenThrough = forgottenThrough
    }

    /// Position and configuration, as a snapshot's description.
    public var metadata: SnapshotMetadata { SnapshotMetadata(position: position, configuration: configuration) }

    /// How many commands are remembered now.
    var rememberedNow: Int { Int(min(rememberedCount, UInt64(CommandLimits.rememberedCommands))) }
}
