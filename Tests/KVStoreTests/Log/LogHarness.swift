import KVStore
import Raft

/// A log on a simulated disk, and what it should hold.
final class LogHarness {
    static let path = "log"

    let disk: SimulatedDisk
    var options = LogOptions.small
    /// What was acknowledged.
    private(set) var acknowledged = LogModel()
    /// What holds after each record that was appended later.
    private(set) var unacknowledged: [LogModel] = []
    private(set) var log: WriteAheadLog?
    private var wasCreated = false

    init(disk: SimulatedDisk) { self.disk = disk }

    convenience init(seed: UInt64) { self.init(disk: SimulatedDisk(seed: seed)) }

    var model: LogModel { unacknowledged.last ?? acknowledged }

    /// The acknowledged history was not found again.
    struct Loss: Error, CustomStringConvertible {
        let description: String
    }

    /// Opens the log, makes it where there cannot be one, and compares it with the history.
    func start() throws {
        do {
            let (log, recovery) = try WriteAheadLog.open(in: disk.directory(Self.path), options: options)
            self.log = log
            try compare(log, recovery)
        } catch let error as LogError where error == .missing {
            guard !wasCreated else { throw Loss(description: "the log is gone") }
            log = try WriteAheadLog.create(in: disk.directory(Self.path), identity: 77, options: options)
        }
        wasCreated = true
    }

    func append(_ record: LogRecord) throws {
        try log?.append(record)
        var next = model
        next.apply(record)
        unacknowledged.append(next)
    }

    func sync() throws {
        try log?.sync()
        acknowledge()
    }

    func reclaim() throws {
        _ = try log?.reclaim(maxBytes: 4096)
        acknowledge()
    }

    /// Ends the process; the page cache stays.
    func kill() {
        log = nil
        disk.kill()
    }

    func losePower(_ survival: SimulatedDisk.Survival? = nil) {
        log = nil
        disk.losePower(survival)
    }

    private func acknowledge() {
        acknowledged = model
        unacknowledged = []
    }

    private func compare(_ log: WriteAheadLog, _ recovery: LogRecovery) throws {
        guard recovery.damage.isEmpty, recovery.groups.allSatisfy({ $0.floor == nil }) else {
            throw Loss(description: "damage where there is none: \(recovery.damage)")
        }
        let found = try LogModel(recovery, log)
        guard ([acknowledged] + unacknowledged).contains(found) else {
            throw Loss(description: "found neither what was acknowledged nor more")
        }
        acknowledged = found
        unacknowledged = []
    }
}

extension LogOptions {
    /// Segments so small that a test sees many.
    static var small: LogOptions {
        var options = LogOptions()
        options.segmentBytes = 16 << 10
        options.batchBytes = 8 << 10
        options.zeroAheadBytes = 2 << 10
        options.compressionBytes = 64
        return options
    }

    /// Segments so small that each of their bytes can be tried.
    static var tiny: LogOptions {
        var options = small
        options.segmentBytes = 8 << 10
        options.batchBytes = 4 << 10
        options.zeroAheadBytes = 1 << 10
        return options
    }
}
