internal import Raft

/// The last commands of a partition, in a ring: the newest takes the place of the oldest.
///
///     place     0   1   2   3   …            the command with number n lies at n mod capacity
///     number    8   9   2   3   …
///                   ▲   ▲
///            newest ┘   └ oldest; `forgottenThrough` is the index of the one that 9 has replaced
///
/// The ring is part of the replicated data, one key a place, so it needs no clearing up; this is its copy in memory.
struct RecentCommands {
    static let capacity = CommandLimits.rememberedCommands

    /// By place.
    private var ring: [RememberedCommand] = []
    /// Looked up by id only: iterating a dictionary would make replicas differ.
    private var places: [CommandID: Int] = [:]
    /// How many were ever remembered.
    private(set) var count: UInt64 = 0
    /// The last entry whose command was forgotten again.
    private(set) var forgottenThrough = LogIndex.zero

    init() {}

    /// Reads the ring of a state.
    init(_ state: AppliedState, keys: PartitionKeys, from reader: any EngineReader) throws(StateMachineError) {
        count = state.rememberedCount
        forgottenThrough = state.forgottenThrough
        let expected = state.rememberedNow
        ring.reserveCapacity(expected)
        places.reserveCapacity(expected)
        do {
            let iterator = try reader.iterator(over: keys.remembered, caching: .bypass)
            var found = try iterator.seekToFirst()
            while found {
                guard ring.count < expected, iterator.key == keys.remembered(place: ring.count) else {
                    throw FieldError("remembered commands", "must be those that the applied state counts")
                }
                let command = try RememberedCommand(encoded: iterator.value[...])
                places[command.id] = ring.count
                ring.append(command)
                found = try iterator.next()
            }
        } catch {
            throw StateMachineError(error)
        }
        guard ring.count == expected else {
            throw .damaged(FieldError("remembered commands", "must be those that the applied state counts"))
        }
    }

    /// The command, if it is remembered.
    func find(_ id: CommandID) -> RememberedCommand? { places[id].map { ring[$0] } }

    /// True if every copy of the command that could have been applied before `index` would be remembered.
    func covers(_ command: Command, at index: LogIndex) -> Bool {
        forgottenThrough <= command.mintedAt && command.mintedAt < index
    }

    /// Remembers a command in place of the oldest, and returns its place.
    mutating func remember(_ command: RememberedCommand) -> Int {
        let place = Int(count % UInt64(Self.capacity))
        count += 1
        if place < ring.count {
            let oldest = ring[place]
            forgottenThrough = oldest.index
            if places[oldest.id] == place { places[oldest.id] = nil }
            ring[place] = command
        } else {
            ring.append(command)
        }
        places[command.id] = place
        return place
    }
}
