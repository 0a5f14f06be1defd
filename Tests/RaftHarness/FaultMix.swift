import Raft

/// What one run is made of. Every seed draws its own mix, so that rare faults are common in some runs and absent in
/// others, and combinations meet that nobody would have written down.
struct FaultMix {
    let voters: Int
    let lossPercent: Int
    let duplicatePercent: Int
    let staleReplayPercent: Int
    let garbagePercent: Int
    /// Weights of the kinds of steps; zero leaves a kind out.
    let weights: [(kind: StepKind, weight: Int)]
    /// Whether effects are taken after each event or left to gather.
    let gatherPercent: Int
    /// How often a crash or a lonely replica is the leader's, not anybody's.
    let aimPercent: Int
    /// How often a cut link keeps what is sent over it until it heals.
    let clogPercent: Int
    let options: RaftOptions

    enum StepKind: CaseIterable {
        case deliver
        case tick
        case sync
        case stallDisk
        case freeDisk
        case apply
        case propose
        case read
        case readLog
        case cancelRead
        case moveSnapshot
        case flushState
        case compact
        case crash
        case restart
        case partition
        case heal
        case transfer
        case changeMembers
        case destroyRemoved
        case reportSilence
        case breakConnection
        case campaign
    }

    init(random: inout SeededGenerator) {
        func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        // One leader after the other, none for long: logs part, and old entries meet new ones.
        let isContest = chance(25)
        voters = isContest ? [3, 5][pick(0...1)] : [1, 2, 3, 3, 3, 3, 4, 5, 5][pick(0...8)]
        lossPercent = chance(60) ? pick(1...20) : 0
        duplicatePercent = chance(60) ? pick(1...20) : 0
        staleReplayPercent = chance(40) ? pick(1...5) : 0
        garbagePercent = chance(30) ? pick(1...4) : 0
        gatherPercent = chance(50) ? pick(5...60) : 0
        let changesMembers = chance(60)
        let crashes = chance(75) || isContest
        let partitions = chance(60)
        let isStorm = chance(40) || isContest
        let slowDisk = chance(40) && !isContest
        clogPercent = chance(50) ? pick(20...100) : 0
        aimPercent = isContest ? pick(40...90) : chance(30) ? 50 : 0
        let slowApply = chance(40)
        weights = [
            (.deliver, pick(500...1_500)), (.tick, isContest ? pick(200...600) : pick(30...200)),
            (.sync, slowDisk ? 40 : 250),
            (.apply, slowApply ? 20 : 150),
            (.stallDisk, chance(40) ? pick(1...8) : 0), (.freeDisk, pick(2...10)),
            (.propose, pick(20...80)), (.read, pick(0...30)), (.cancelRead, chance(30) ? pick(1...20) : 0),
            (.readLog, chance(40) ? pick(1...5) : 40),
            (.moveSnapshot, 30),
            (.flushState, pick(2...40)), (.compact, chance(70) ? pick(2...60) : 0),
            (.crash, crashes ? pick(1...(isStorm ? 30 : 6)) : 0), (.restart, pick(5...40)),
            (.partition, partitions ? pick(1...(isStorm ? 20 : 4)) : 0), (.heal, pick(1...12)),
            (.transfer, chance(50) ? pick(1...4) : 0), (.changeMembers, changesMembers ? pick(2...12) : 0),
            (.destroyRemoved, 2), (.reportSilence, pick(5...30)), (.breakConnection, chance(50) ? pick(1...4) : 0),
            (.campaign, chance(40) ? pick(1...(isStorm ? 20 : 3)) : 0),
        ]
        var options = RaftOptions()
        options.heartbeatTicks = pick(1...3)
        options.electionTicks = isContest ? pick(options.heartbeatTicks + 1...5) : pick(5...12)
        options.campaignRetryTicks = pick(1...min(3, options.electionTicks))
        options.quiesceTicks = chance(40) ? pick(1...6) : nil
        options.usesLeases = chance(10)
        options.maxMessageEntries = isContest ? pick(1...3) : pick(1...8)
        options.maxMessageBytes = pick(64...600)
        options.maxInflightMessages = pick(1...6)
        options.maxInflightBytes = pick(64...1_500)
        options.maxUncommittedBytes = pick(300...4_000)
        options.entryCacheBytes = chance(50) ? pick(0...400) : 1 << 20
        options.maxApplyBytes = pick(64...600)
        options.maxPendingReads = pick(2...20)
        options.promotionLagEntries = pick(0...6)
        self.options = options
    }
}
