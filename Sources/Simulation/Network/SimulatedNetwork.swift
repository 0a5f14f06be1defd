internal import KVStore
internal import Raft

/// The network between nodes: every ordered pair of them has a link of its own, with its own troubles.
final class SimulatedNetwork {
    /// How a link treats messages.
    struct Manners {
        /// Out of a hundred messages.
        var lossPercent = 0
        var doublePercent = 0
        /// Messages that may overtake others.
        var strayPercent = 0
        /// On the way at least.
        var delayMicroseconds = 50...300
        /// Messages that take much longer.
        var latePercent = 0
        var lateMilliseconds = 5...200
    }

    private struct Link {
        var isCut = false
        /// The last that left did not arrive before this.
        var busyUntil = MonotonicTime.zero
        /// Nothing arrives before this.
        var cloggedUntil = MonotonicTime.zero
    }

    var manners: Manners
    private let scheduler: Scheduler
    private let trace: Trace
    private var chance: Chance
    private let nodeCount: Int
    private var links: [Link]
    private let deliver: (StoreMessage, _ incarnation: UInt64) -> Void

    init(
        nodes: Int,
        manners: Manners,
        _ scheduler: Scheduler,
        _ trace: Trace,
        _ chance: Chance,
        deliver: @escaping (StoreMessage, _ incarnation: UInt64) -> Void
    ) {
        nodeCount = nodes
        self.manners = manners
        self.scheduler = scheduler
        self.trace = trace
        self.chance = chance
        self.deliver = deliver
        links = [Link](repeating: Link(), count: (nodes + 1) * (nodes + 1))
    }

    private func place(_ from: NodeID, _ to: NodeID) -> Int { Int(from.rawValue) * (nodeCount + 1) + Int(to.rawValue) }

    /// Takes a message that a process sends; `incarnation` says in which of its lives.
    func send(_ message: StoreMessage, incarnation: UInt64) {
        let link = place(message.from, message.to)
        guard !links[link].isCut, !chance.percent(manners.lossPercent) else {
            return trace.note(.lost, message.from.rawValue, message.to.rawValue, text: message.brief)
        }
        trace.note(.sent, message.from.rawValue, message.to.rawValue, message.digest, text: message.brief)
        carry(message, incarnation, link)
        if chance.percent(manners.doublePercent) {
            trace.note(.doubled, message.from.rawValue, message.to.rawValue, text: message.brief)
            carry(message, incarnation, link)
        }
    }

    private func carry(_ message: StoreMessage, _ incarnation: UInt64, _ link: Int) {
        var arrival = scheduler.now + chance.microseconds(manners.delayMicroseconds)
        if chance.percent(manners.latePercent) { arrival = arrival + chance.milliseconds(manners.lateMilliseconds) }
        if !chance.percent(manners.strayPercent) {
            arrival = max(arrival, links[link].busyUntil)
            links[link].busyUntil = arrival
        }
        arrival = max(arrival, links[link].cloggedUntil)
        scheduler.at(arrival) { [self] in
            // What is on its way when a link is cut is lost with it.
            if links[link].isCut { return }
            trace.note(.delivered, message.from.rawValue, message.to.rawValue, message.digest, text: message.brief)
            deliver(message, incarnation)
        }
    }

    // MARK: Troubles

    func cut(_ from: NodeID, _ to: NodeID) {
        links[place(from, to)].isCut = true
        trace.note(.cut, from.rawValue, to.rawValue, text: "\(from) → \(to)")
    }

    func heal(_ from: NodeID, _ to: NodeID) {
        guard links[place(from, to)].isCut else { return }
        links[place(from, to)].isCut = false
        trace.note(.healed, from.rawValue, to.rawValue, text: "\(from) → \(to)")
    }

    /// Holds everything on a link back for a while; then it arrives all at once.
    func clog(_ from: NodeID, _ to: NodeID, for time: Duration) {
        links[place(from, to)].cloggedUntil = scheduler.now + time
    }

    func isCut(_ from: NodeID, _ to: NodeID) -> Bool { links[place(from, to)].isCut }

    func healAll() {
        for link in links.indices {
            links[link].isCut = false
            links[link].cloggedUntil = scheduler.now
        }
    }
}
