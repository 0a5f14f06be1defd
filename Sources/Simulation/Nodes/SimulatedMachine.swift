internal import KVStore
internal import Raft

/// A machine: disks that outlive its process, a clock of its own, and at most one process.
final class SimulatedMachine {
    let id: NodeID
    let disk: SimulatedDisk
    let engineDisk = MemoryDisk()
    private(set) var engine: MemoryEngine?
    var process: SimulatedProcess?
    var chance: Chance
    /// In millionths of true time.
    let clockRate: Int64
    /// What its calendar shows when virtual time begins, in milliseconds since 1970: it may be off by an hour.
    var calendarStart: UInt64
    /// How long writes to its disk take.
    var usualDiskMicroseconds: ClosedRange<Int>
    /// How much longer while the disk has trouble.
    var diskSlowness = 1
    private let onFailure: (StoreError?) -> Void

    init(
        _ id: NodeID,
        chance: Chance,
        clockRate: Int64,
        diskMicroseconds: ClosedRange<Int>,
        onFailure: @escaping (StoreError?) -> Void
    ) {
        self.id = id
        self.chance = chance
        self.clockRate = clockRate
        self.onFailure = onFailure
        usualDiskMicroseconds = diskMicroseconds
        calendarStart = 1_800_000_000_000 + UInt64(self.chance.from(0...7_200_000))
        disk = SimulatedDisk(seed: self.chance.bits())
    }

    /// Something in the process has ended it, or nothing but a fault.
    func processFailed(_ error: StoreError?) { onFailure(error) }

    func diskTime(_ worker: LoopWorker) -> Duration {
        let time = chance.microseconds(usualDiskMicroseconds)
        return .nanoseconds(time.nanoseconds * Int64(diskSlowness) * (worker == .engine ? 20 : 1))
    }

    /// Ends the process, if there is one; with `power`, what was not synchronised may be lost.
    func endProcess(power: SimulatedDisk.Survival?) {
        process?.die()
        process = nil
        engine?.crash()
        engine = nil
        if let power { disk.losePower(power) } else { disk.kill() }
    }

    /// Makes some of what the engine holds in memory durable, as a real one does whenever it likes.
    func flushSome() {
        guard let engine, engine.writeNumber > engine.durableWriteNumber else { return }
        let number = engine.durableWriteNumber + 1 + chance.bits() % (engine.writeNumber - engine.durableWriteNumber)
        do {
            try engine.flush(through: number)
        } catch {
            preconditionFailure("an engine that is open can be flushed: \(error)")
        }
    }
}

extension SimulatedMachine: NodeStorage {
    func logDirectory() throws(DiskError) -> any DiskDirectory { disk.directory("log") }

    func openEngine() throws(EngineError) -> any Engine {
        let engine = try MemoryEngine(engineDisk, directory: "engine")
        self.engine = engine
        return engine
    }
}
