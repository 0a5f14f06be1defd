import KVStore
import Raft

/// A node of a simulated world: its two disks, and the store that runs on them while it is up.
final class SimulatedNode {
    let id: NodeID
    let disk: SimulatedDisk
    private let engineDisk = MemoryDisk()
    private let options: StoreOptions
    private var starts: UInt64 = 0
    private(set) var engine: MemoryEngine?
    private(set) var store: Store?

    init(_ id: NodeID, options: StoreOptions, seed: UInt64) {
        self.id = id
        self.options = options
        disk = SimulatedDisk(seed: seed &* 31 &+ id.rawValue)
    }

    var isUp: Bool { store != nil }

    /// Starts the node with what its disks hold. Throws when the power fails meanwhile.
    func start() throws {
        starts += 1
        let engine = try MemoryEngine(engineDisk, directory: "engine")
        self.engine = engine
        let directory = disk.directory("log")
        var found: LogRecovery?
        let log: WriteAheadLog
        do throws(LogError) {
            let opened = try WriteAheadLog.open(in: directory, options: .small)
            log = opened.log
            found = opened.recovery
        } catch {
            guard error == .missing else { throw error }
            log = try WriteAheadLog.create(in: directory, identity: id.rawValue, options: .small)
        }
        let seed = id.rawValue << 32 | starts
        store = try Store(node: id, recovering: log, found, engine: engine, options: options, seed: seed)
    }

    /// Ends the process; with `power`, what was not synchronised may be lost.
    func crash(power: SimulatedDisk.Survival?) {
        store = nil
        engine?.crash()
        engine = nil
        if let power { disk.losePower(power) } else { disk.kill() }
    }

    /// Takes turns until there is nothing to do, and returns the answers. Messages go nowhere.
    func settle() throws -> [Answer] {
        var answers: [Answer] = []
        while let store, store.hasWork {
            let turn = try store.prepare()
            if turn.needsSync { try store.sync() }
            answers += try store.complete().answers
        }
        return answers
    }
}
