internal import Raft

/// One incarnation's handle of a simulated directory.
final class SimulatedDirectory: DiskDirectory {
    private let disk: SimulatedDisk
    private let names: Names
    private let incarnation: Int

    init(disk: SimulatedDisk, names: Names) {
        self.disk = disk
        self.names = names
        incarnation = disk.incarnation
    }

    func create(_ name: String) throws(DiskError) -> any DiskFile {
        let file = SimulatedFile()
        try disk.operate(incarnation) { () throws(DiskError) in
            guard names.visible[name] == nil else { throw .alreadyExists(name: name) }
            names.perform(.create(name, file))
        }
        return SimulatedFileHandle(disk: disk, file: file)
    }

    func open(_ name: String) throws(DiskError) -> any DiskFile {
        try disk.checkAlive(incarnation)
        guard let file = names.visible[name] else { throw .notFound(name: name) }
        return SimulatedFileHandle(disk: disk, file: file)
    }

    func rename(_ name: String, to newName: String) throws(DiskError) {
        try disk.operate(incarnation) { () throws(DiskError) in
            guard let file = names.visible[name] else { throw .notFound(name: name) }
            names.perform(.rename(name, newName, file))
        }
    }

    func remove(_ name: String) throws(DiskError) {
        try disk.operate(incarnation) { () throws(DiskError) in
            guard let file = names.visible[name] else { throw .notFound(name: name) }
            names.perform(.remove(name, file))
        }
    }

    func list() throws(DiskError) -> [String] {
        try disk.checkAlive(incarnation)
        return names.visible.keys.sorted()
    }

    func synchronize() throws(DiskError) {
        try disk.operate(incarnation) { () throws(DiskError) in
            switch disk.synchronizationOutcome() {
            case .works: names.synchronize()
            case .fails: throw .synchronization(code: 5)
            case .lies: break
            }
        }
    }

    func lock() throws(DiskError) -> any DiskLock {
        try disk.checkAlive(incarnation)
        if let holder = names.holder, holder.incarnation == incarnation { throw .locked }
        let lock = SimulatedLock(incarnation: incarnation)
        names.holder = lock
        return lock
    }

    func freeBytes() throws(DiskError) -> Int {
        try disk.checkAlive(incarnation)
        return max(0, (disk.capacityBytes ?? .max) - disk.usedBytes)
    }
}

/// Holds the lock of a simulated directory while its incarnation lasts.
final class SimulatedLock: DiskLock {
    let incarnation: Int

    init(incarnation: Int) { self.incarnation = incarnation }
}

extension SimulatedDirectory {
    /// Which name stands for which file, now and after a loss of power.
    final class Names {
        var visible: [String: SimulatedFile] = [:]
        var durable: [String: SimulatedFile] = [:]
        private var unsynchronized: [Change] = []
        weak var holder: SimulatedLock?

        /// The sum of the files' lengths.
        var bytes: Int { visible.keys.sorted().reduce(0) { $0 + (visible[$1]?.size ?? 0) } }

        enum Change {
            case create(String, SimulatedFile)
            case rename(String, String, SimulatedFile)
            case remove(String, SimulatedFile)

            /// Does the change where it still makes sense: one before it may have been lost.
            func apply(to names: inout [String: SimulatedFile]) {
                switch self {
                case .create(let name, let file):
                    names[name] = file
                case .rename(let name, let newName, let file):
                    guard names[name] === file else { return }
                    names[name] = nil
                    names[newName] = file
                case .remove(let name, let file):
                    if names[name] === file { names[name] = nil }
                }
            }
        }

        func perform(_ change: Change) {
            change.apply(to: &visible)
            unsynchronized.append(change)
        }

        func synchronize() {
            durable = visible
            unsynchronized = []
        }

        func swap(_ first: String, _ second: String) {
            let kept = visible[first]
            visible[first] = visible[second]
            visible[second] = kept
            durable = visible
            unsynchronized = []
        }

        func losePower(_ survival: SimulatedDisk.Survival, _ generator: inout SeededGenerator) {
            for change in unsynchronized where survival.keeps(&generator) { change.apply(to: &durable) }
            visible = durable
            unsynchronized = []
            for name in visible.keys.sorted() { visible[name]?.losePower(survival, &generator) }
        }

        func copy() -> Names {
            let twin = Names()
            for name in visible.keys.sorted() {
                guard let file = visible[name] else { continue }
                twin.visible[name] = file.copy()
            }
            twin.durable = twin.visible
            return twin
        }
    }
}

extension SimulatedDisk.Survival {
    func keeps(_ generator: inout SeededGenerator) -> Bool {
        switch self {
        case .nothing: false
        case .everything: true
        case .some: generator.draw(below: 2) == 0
        }
    }
}
