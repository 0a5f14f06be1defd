internal import Raft

@testable internal import KVStore

/// A small world to be explored: who wants what, what lies there before, and what may go wrong how often.
struct Scenario {
    let name: String
    /// What it is about, in a line.
    let about: String
    var plans: [Plan]
    /// What is committed before it begins.
    var initial: [TransactionDraft.Change] = []
    var faults = Faults()
    var grain = Grain()
    /// When everything has arrived nothing is held any more, without any time passing.
    var leavesNothing = false
    /// Clients that commit whatever happens: nobody is older.
    var oldest: [String] = []

    /// How often what may happen that is out of the ordinary.
    struct Faults: Hashable {
        /// Another leader for each of the two partitions.
        var leaders = [0, 0]
        /// Of those leaders, the deposed ones that go on for a while as if nothing had happened.
        var unaware = 0
        /// Of those leaders, how many of the last entries that their predecessors have applied they may not have applied.
        var lag = 0
        /// An entry that was lost with its leader is proposed once more, as it is, by the next.
        var reproposals = 0
        /// A request is sent again, nobody knowing what became of it.
        var resends = 0
        /// A sender gives up, nobody knowing what becomes of the copies.
        var surrenders = 0
        /// A client's node dies.
        var crashes = 0
        /// So much time passes that transactions under way are over.
        var lapses = 0
        /// Some ticks pass, and nothing expires.
        var moments = 0
        /// Versions that nobody may ask for any more are removed, in the first partition.
        var collections = 0
        /// The first partition's epoch grows.
        var moves = 0
    }

    /// Which events are told apart. What is not delayed happens at once, with what causes it.
    struct Grain: Hashable {
        /// Between proposing an entry and applying it.
        var delaysApplying = true
        /// Between a read's arrival and the proof that it was the leader who took it in.
        var delaysConfirming = true
        /// Between minting a leader's timestamp and giving it to him.
        var delaysTimestamps = false
        /// Between a commit that is told and the arrival of what other partitions are told about it.
        var delaysResolving = true
    }

    init(_ name: String, _ about: String, _ plans: [Plan]) {
        self.name = name
        self.about = about
        self.plans = plans
    }

    /// The scenario's world before anything has happened.
    var world: TransactionWorld { TransactionWorld(self) }
}

/// Where keys lie: below `m` in the first partition, the others in the second.
struct FixedRouting: PartitionRouting {
    static let partitions = [PartitionID(1), PartitionID(2)]
    static let ranges = [KeyRange([], key("m")), KeyRange(key("m"), key("~"))]

    /// The first partition's epoch, as far as who routes knows.
    let epoch: UInt64

    func descriptor(of key: [UInt8]) -> PartitionDescriptor? { descriptor(Self.site(of: key)) }

    func descriptors(of range: KeyRange) -> [(descriptor: PartitionDescriptor, part: KeyRange)]? {
        Self.ranges.indices.compactMap { site in
            let lower =
                KeyOrder.compare(range.lower, Self.ranges[site].lower) < 0 ? Self.ranges[site].lower : range.lower
            let upper =
                KeyOrder.compare(range.upper, Self.ranges[site].upper) < 0 ? range.upper : Self.ranges[site].upper
            guard KeyOrder.compare(lower, upper) < 0 else { return nil }
            return (descriptor(site), KeyRange(lower, upper))
        }
    }

    func descriptor(_ site: Int) -> PartitionDescriptor {
        PartitionDescriptor(id: Self.partitions[site], range: Self.ranges[site], epoch: site == 0 ? epoch : 1)
    }

    static func site(of key: [UInt8]) -> Int { ranges[0].contains(key) ? 0 : 1 }
    static func site(_ partition: PartitionID) -> Int { partition == partitions[0] ? 0 : 1 }
}
