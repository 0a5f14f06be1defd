internal import Raft

/// A disk in memory that forgets what was not synchronised, and that breaks when told to.
///
/// Every choice comes from the seed. A machine's life is a chain of incarnations: `kill()` ends a process and keeps the
/// page cache, `losePower()` ends it and keeps only what was synchronised, plus whatever sectors and names the seed
/// lets survive. Handles of an earlier incarnation refuse everything, as a dead process writes nothing.
///
///     write ──▶ page cache ──synchronize──▶ durable
///                   └──── losePower: each sector and each name stays or goes ────┘
///
/// Faults of the medium (bit flips, lost files, sectors that cannot be read) strike the durable state at once. Faults
/// of the device (failing, lying, misdirected and torn writes) are armed here and strike the calls that follow.
public final class SimulatedDisk {
    /// What a loss of power leaves of that which was not synchronised.
    public enum Survival: Sendable {
        /// Nothing of it.
        case nothing
        /// All of it: the kernel had just written everything.
        case everything
        /// Each sector and each name by the toss of a coin.
        case some
    }

    /// The largest sum of file lengths that fits, if there is a limit.
    public var capacityBytes: Int?
    /// While true, synchronising returns at once and makes nothing last.
    public var liesAboutSynchronization = false
    /// Calls so far that change something or make it last. Each is a place for `powerFails(atOperation:)`.
    public private(set) var operations = 0

    private var directories: [String: SimulatedDirectory.Names] = [:]
    private var generator: SeededGenerator
    private(set) var incarnation = 0
    private var isOff = false
    private var powerFailure: Int?
    private var synchronizationsUntilFailure: Int?
    private var misdirectionSectors: Int?
    private var tearsNextWrite = false

    /// An empty disk.
    public init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// A handle of the directory at `path`, which comes to be when it is first asked for and lasts from then on.
    public func directory(_ path: String) -> any DiskDirectory {
        SimulatedDirectory(disk: self, names: names(path))
    }

    // MARK: Incarnations

    /// Ends the process: its handles die, the page cache stays.
    public func kill() {
        incarnation += 1
        isOff = false
        powerFailure = nil
    }

    /// Takes the power away and brings it back. Without a word on what survives, the seed decides.
    public func losePower(_ survival: Survival? = nil) {
        kill()
        let survival = survival ?? [.nothing, .everything, .some, .some][generator.draw(below: 4)]
        for path in directories.keys.sorted() { directories[path]?.losePower(survival, &generator) }
    }

    /// Lets the power fail in the midst of operation number `operation` (see `operations`): it may take effect or not,
    /// and it and all that follow throw `DiskError.poweredOff` until `losePower()` is called.
    public func powerFails(atOperation operation: Int) { powerFailure = operation }

    // MARK: Faults of the device

    /// Lets the synchronisation after `count` good ones fail, once: what it was to save is marked clean, yet is lost.
    public func failSynchronization(after count: Int = 0) { synchronizationsUntilFailure = count }

    /// Forgets what was armed and has not struck yet.
    public func mendsItself() {
        synchronizationsUntilFailure = nil
        misdirectionSectors = nil
        tearsNextWrite = false
        powerFailure = nil
    }

    /// Sends the next write `sectors` sectors further than it was meant to go.
    public func misdirectNextWrite(bySectors sectors: Int) { misdirectionSectors = sectors }

    /// Lets the next write drop some of its sectors and report success.
    public func tearNextWrite() { tearsNextWrite = true }

    // MARK: Faults of the medium

    /// Exclusive-ors the byte at `offset` of a file with `mask`, for good.
    public func corrupt(_ path: String, _ name: String, at offset: Int, mask: UInt8) {
        names(path).visible[name]?.corrupt(at: offset, mask: mask)
    }

    /// Replaces bytes of a file for good, as if they had always been there.
    public func overwrite(_ path: String, _ name: String, at offset: Int, with bytes: [UInt8]) {
        names(path).visible[name]?.overwrite(at: offset, with: bytes)
    }

    /// Lets reads of the sector at `offset` of a file fail until it is written again.
    public func makeUnreadable(_ path: String, _ name: String, at offset: Int) {
        names(path).visible[name]?.makeUnreadable(at: offset)
    }

    /// Cuts a file down for good.
    public func shorten(_ path: String, _ name: String, to size: Int) {
        names(path).visible[name]?.shorten(to: size)
    }

    /// Takes a file away for good.
    public func delete(_ path: String, _ name: String) {
        names(path).visible[name] = nil
        names(path).durable[name] = nil
    }

    /// Lets two files change places for good.
    public func swap(_ path: String, _ first: String, _ second: String) {
        names(path).swap(first, second)
    }

    // MARK: What tests look at

    /// The names in a directory, ascending, as a running process sees them.
    public func fileNames(_ path: String) -> [String] { names(path).visible.keys.sorted() }

    /// The bytes of a file as a running process sees them.
    public func contents(_ path: String, _ name: String) -> [UInt8]? { names(path).visible[name]?.contents }

    /// A disk with the same durable state, whose own life may end differently.
    public func copy(seed: UInt64) -> SimulatedDisk {
        let twin = SimulatedDisk(seed: seed)
        for path in directories.keys.sorted() { twin.directories[path] = directories[path]?.copy() }
        return twin
    }

    // MARK: For the handles

    private func names(_ path: String) -> SimulatedDirectory.Names {
        if let known = directories[path] { return known }
        let new = SimulatedDirectory.Names()
        directories[path] = new
        return new
    }

    func checkAlive(_ incarnation: Int) throws(DiskError) {
        if isOff || incarnation != self.incarnation { throw .poweredOff }
    }

    /// Counts an operation and performs it; when the power fails here, perhaps.
    func operate(_ incarnation: Int, _ body: () throws(DiskError) -> Void) throws(DiskError) {
        try checkAlive(incarnation)
        operations += 1
        guard operations == powerFailure else { return try body() }
        isOff = true
        if generator.draw(below: 2) == 0 { try body() }
        throw .poweredOff
    }

    /// What becomes of a synchronisation.
    func synchronizationOutcome() -> Synchronization {
        if let count = synchronizationsUntilFailure {
            synchronizationsUntilFailure = count == 0 ? nil : count - 1
            if count == 0 { return .fails }
        }
        return liesAboutSynchronization ? .lies : .works
    }

    enum Synchronization {
        case works
        case fails
        case lies
    }

    /// What becomes of a write of `sectors` sectors: how far it goes astray, and which of its sectors are dropped.
    func writeOutcome(sectors: Int) -> (shift: Int, dropped: [Bool]) {
        let shift = misdirectionSectors ?? 0
        misdirectionSectors = nil
        guard tearsNextWrite else { return (shift, []) }
        tearsNextWrite = false
        let kept = generator.draw(below: sectors)
        return (shift, (0..<sectors).map { $0 >= kept })
    }

    func checkRoom(for bytes: Int, _ operation: String) throws(DiskError) {
        guard bytes > 0, let capacityBytes else { return }
        if usedBytes + bytes > capacityBytes { throw .noSpace(operation: operation) }
    }

    /// The sum of all files' lengths.
    public var usedBytes: Int {
        directories.keys.sorted().reduce(0) { $0 + (directories[$1]?.bytes ?? 0) }
    }
}

extension SeededGenerator {
    /// From 0 up to and without `bound`, in a way of its own: the standard library's may change with its version.
    mutating func draw(below bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }
}
