/// Which segments make up the log: from the oldest to the newest, without a gap.
///
///     | written an even number of times | zeros | written an odd number of times |
///     0                                 512     4096                             4608
///
/// The two sectors lie in blocks of their own, as a block is what most devices lose as a whole. They are written in turns, in place, so that noting a new state takes no room on a full disk and the
/// state before is never in danger. A segment is noted before it takes its first commit and struck off before its file
/// goes. So a file that is not noted holds nothing that was acknowledged, and a noted file that is missing is damage.
struct Catalog {
    /// The segments that are noted, and how many times the catalog was written.
    struct State: Hashable {
        var oldest: UInt64
        var newest: UInt64
        var generation: UInt64
    }

    /// How far apart the two sectors are.
    private static let slotBytes = 4096
    /// The length of the whole file.
    static let bytes = slotBytes + FileHeader.bytes

    private let file: any DiskFile
    /// Whose log it is: no two logs have the same.
    let identity: UInt64
    private(set) var state: State

    /// Goes on from a state that was read or guessed.
    init(file: any DiskFile, identity: UInt64, state: State) {
        self.file = file
        self.identity = identity
        self.state = state
    }

    /// Notes which segments there are, durably.
    mutating func note(oldest: UInt64, newest: UInt64) throws(DiskError) {
        let next = State(oldest: oldest, newest: newest, generation: state.generation + 1)
        try file.write(header(next).encoded(), at: Int(next.generation % 2) * Self.slotBytes)
        try file.synchronize()
        state = next
    }

    /// Writes both sectors anew, so that the disk has nothing but this state.
    mutating func rewrite() throws(DiskError) {
        try note(oldest: state.oldest, newest: state.newest)
        try note(oldest: state.oldest, newest: state.newest)
    }

    private func header(_ state: State) -> FileHeader {
        FileHeader(
            kind: .catalog,
            identity: identity,
            first: state.oldest,
            second: state.newest,
            third: state.generation
        )
    }

    /// A catalog as recovery finds it.
    struct Found {
        var identity: UInt64?
        var state: State?
        /// False when a sector is not as it was written: the state may be the one before.
        var isIntact: Bool
        var unreadableVersion: UInt32?
    }

    /// Reads what is valid of a catalog's bytes.
    static func find(in bytes: [UInt8]) -> Found {
        var found = Found(identity: nil, state: nil, isIntact: true)
        // A new catalog has one sector only: the one of odd numbers.
        let isNew = bytes.prefix(FileHeader.bytes).allSatisfy { $0 == 0 }
        for slot in 0..<2 {
            let sector = Array(bytes.dropFirst(slot * slotBytes).prefix(FileHeader.bytes))
            switch FileHeader.decode(sector, kind: .catalog) {
            case .damaged: found.isIntact = found.isIntact && slot == 0 && isNew
            case .version(let version): found.unreadableVersion = version
            case .header(let header):
                guard header.third >= found.state?.generation ?? 0, header.first <= header.second else { continue }
                found.identity = header.identity
                found.state = State(oldest: header.first, newest: header.second, generation: header.third)
            }
        }
        if isNew, found.state?.generation != 1 { found.isIntact = false }
        return found
    }
}
