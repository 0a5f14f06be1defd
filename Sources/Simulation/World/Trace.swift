internal import KVStore

/// What has happened in a world: a number that depends on every event and its order, and, for whoever wants to read,
/// the last of them in words.
final class Trace {
    /// Two runs of one seed have the same, or chance has crept in from outside.
    private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    /// Nil where nobody will read.
    private var lines: [String]?
    private let keptLines: Int
    private let scheduler: Scheduler
    private(set) var counts = [Int](repeating: 0, count: Kind.allCases.count)

    enum Kind: Int, CaseIterable {
        case sent, delivered, lost, doubled, synced, flushed
        case started, killed, powerLost, paused, resumed, failed, ended
        case cut, healed, reset
        case requested, asked, told, answered, timedOut
        case slowDisk, fullDisk, failingSync, crashPoint
        case transfer, membership, destroyed, inspected
        case coordinatorKilled, oracleKilled, calendarJump, collected
        case leader, phase
    }

    init(_ scheduler: Scheduler, keptLines: Int?) {
        self.scheduler = scheduler
        self.keptLines = keptLines ?? 0
        lines = keptLines == nil ? nil : []
    }

    func note(_ kind: Kind, _ numbers: UInt64..., text: @autoclosure () -> String = "") {
        counts[kind.rawValue] += 1
        mix(UInt64(kind.rawValue))
        mix(scheduler.now.nanoseconds)
        for number in numbers { mix(number) }
        guard lines != nil else { return }
        lines?.append("\(scheduler.now) \(kind) \(text())")
        // Not with every line: that would cost their number each time.
        if let count = lines?.count, count > 2 * keptLines { lines?.removeFirst(count - keptLines) }
    }

    func count(_ kind: Kind) -> Int { counts[kind.rawValue] }

    /// The last lines, oldest first.
    var timeline: [String] { Array((lines ?? []).suffix(keptLines)) }

    private func mix(_ number: UInt64) {
        hash = (hash ^ number) &* 0x9FB2_1C65_1E98_DF25
        hash ^= hash >> 32
    }
}
