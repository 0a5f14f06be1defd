/// What a run, or a campaign of runs, has made happen. A campaign in which something never happened proves nothing
/// about it.
public struct Coverage: Hashable, Sendable {
    /// What is counted.
    public enum Event: Int, CaseIterable, Sendable {
        case election
        case commit
        case truncation
        case crash
        case lostWrite
        case stalledDisk
        case restart
        case partition
        case snapshotInstalled
        case snapshotFailed
        case coldRead
        case readServed
        case followerReadServed
        case readFailed
        case readCancelled
        case transferCampaign
        case transferAborted
        case jointConfiguration
        case promotion
        case leaderRemoved
        case memberDestroyed
        case settlement
        case retiredHeard
        case sleep
        case wake
        case lateOrder
        case unnoticedRestart
        case overload
        case staleReplay
        case garbage
        case quorumLost
        case earlyCampaign
    }

    private var counts = [Int](repeating: 0, count: Event.allCases.count)

    /// How often it happened.
    public subscript(event: Event) -> Int { counts[event.rawValue] }

    /// What has not happened at all.
    public var missing: [Event] { Event.allCases.filter { self[$0] == 0 } }

    mutating func count(_ event: Event, _ times: Int = 1) { counts[event.rawValue] += times }

    mutating func add(_ other: Coverage) {
        for event in Event.allCases { count(event, other[event]) }
    }
}

extension Coverage: CustomStringConvertible {
    /// One line, for summaries.
    public var description: String { Event.allCases.map { "\($0) \(self[$0])" }.joined(separator: ", ") }
}
