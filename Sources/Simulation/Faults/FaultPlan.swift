internal import KVStore

/// What befalls one world: each seed draws its own mix, so that rare troubles meet each other in all combinations
/// (swarm testing, Groce and others 2012). Times are means between two such troubles; nil leaves one out.
struct FaultPlan {
    var kill: Duration?
    var powerLoss: Duration?
    /// The power fails in the midst of one of the next operations of a disk.
    var crashPoint: Duration?
    /// The process dies in the midst of sending.
    var deathWhileSending: Duration?
    var blackout: Duration?
    var pause: Duration?
    var orderlyRestart: Duration?
    var partition: Duration?
    var clog: Duration?
    var reset: Duration?
    var slowDisk: Duration?
    var fullDisk: Duration?
    var failingSync: Duration?
    var transfer: Duration?
    var membership: Duration?
    var manners = SimulatedNetwork.Manners()

    init(_ chance: inout Chance, nodes: Int) {
        func sometimes(_ share: Int, _ seconds: ClosedRange<Int>) -> Duration? {
            guard chance.percent(share) else { return nil }
            return .milliseconds(chance.from(seconds.lowerBound * 1000...seconds.upperBound * 1000))
        }
        kill = sometimes(50, 1...8)
        powerLoss = sometimes(50, 1...8)
        crashPoint = sometimes(60, 1...5)
        deathWhileSending = sometimes(30, 1...8)
        blackout = sometimes(20, 4...20)
        pause = sometimes(40, 1...6)
        orderlyRestart = sometimes(25, 2...8)
        partition = sometimes(50, 1...5)
        clog = sometimes(25, 1...5)
        reset = sometimes(25, 1...5)
        slowDisk = sometimes(25, 2...6)
        fullDisk = sometimes(20, 3...8)
        failingSync = sometimes(20, 3...10)
        transfer = sometimes(40, 1...4)
        membership = nodes > 3 ? sometimes(70, 1...4) : nil
        if chance.percent(40) { manners.lossPercent = chance.from(1...8) }
        if chance.percent(40) { manners.doublePercent = chance.from(1...8) }
        if chance.percent(40) { manners.strayPercent = chance.from(1...30) }
        if chance.percent(30) { manners.latePercent = chance.from(1...5) }
        if chance.percent(20) { manners.delayMicroseconds = 500...20_000 }
    }
}
