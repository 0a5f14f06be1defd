import Raft

/// Runs commands: holds the replicas, does what they ask for when told to, and says what happens.
///
/// A command is one batch: whatever it feeds to a replica is fed first, then the replica's effects are taken. With
/// `feed` before it, the effects stay inside until a `take`.
struct Interpreter {
    static let partition = PartitionID(1)

    var nodes: [Node] = []
    /// Messages that have left and not arrived, in the order in which they left.
    var network: [Envelope] = []
    /// Messages here are lost as soon as they leave.
    var cuts: [Link] = []
    /// Messages here stay on their way: only an explicit `deliver` moves them.
    var holds: [Link] = []
    /// What snapshots contain, by position: equal on all replicas.
    var snapshots: [LogPosition: StateMachine] = [:]
    /// What every replica must find at an index that it applies.
    var decided: [LogIndex: Entry] = [:]
    /// The leader of each term; there is at most one.
    var leaders: [Term: NodeID] = [:]
    /// Random halves of names of reads, in the order of their appearance.
    var incarnations: [UInt64] = []
    var initialConfiguration: Configuration?

    /// Replicas that were fed something by the command that is running.
    var touched: Set<NodeID> = []
    private var lines: [Line] = []
    var verbosity = Verbosity.all

    /// How much of what happens is said.
    enum Verbosity {
        case all
        /// Everything but heartbeats without a round of reads, and the answers to them.
        case withoutRoutine
        /// What changes who leads and who belongs to the group.
        case notices
    }

    private struct Line {
        let text: String
        let importance: Importance
    }

    /// How much a line matters.
    enum Importance {
        case routine
        case detail
        case notice
        /// A broken promise: always said.
        case violation
    }

    mutating func run(_ command: String) throws(CommandError) -> [String] {
        lines = []
        touched = []
        verbosity = .all
        var arguments = try Arguments(command)
        if arguments.take("quietly") { verbosity = .notices }
        let isFeeding = arguments.take("feed")
        try perform(&arguments)
        try arguments.end()
        for node in nodes where touched.contains(node.id) {
            if isFeeding || node.isFed {
                try update(node.id) { $0.isFed = true }
            } else {
                try takeEffects(node.id)
            }
        }
        return lines.map(\.text)
    }

    mutating func say(_ text: String, _ importance: Importance = .detail) {
        let isSaid =
            switch (verbosity, importance) {
            case (_, .violation), (_, .notice), (.all, _), (.withoutRoutine, .detail): true
            case (.withoutRoutine, .routine), (.notices, _): false
            }
        if isSaid { lines.append(Line(text: text, importance: importance)) }
    }

    // MARK: Nodes

    var running: [NodeID] { nodes.filter { $0.core != nil }.map(\.id) }

    func isRunning(_ id: NodeID) -> Bool { nodes.contains { $0.id == id && $0.core != nil } }

    func node(_ id: NodeID) throws(CommandError) -> Node {
        guard let node = nodes.first(where: { $0.id == id }) else { throw CommandError("there is no node \(id)") }
        return node
    }

    mutating func update(_ id: NodeID, _ body: (inout Node) -> Void) throws(CommandError) {
        guard let position = nodes.firstIndex(where: { $0.id == id }) else {
            throw CommandError("there is no node \(id)")
        }
        body(&nodes[position])
    }

    func core(_ id: NodeID) throws(CommandError) -> RaftCore {
        guard let core = try node(id).core else { throw CommandError("node \(id) is down") }
        return core
    }

    /// Feeds a replica; its effects are taken when the command ends.
    mutating func feed<Result>(_ id: NodeID, _ body: (inout RaftCore) -> Result) throws(CommandError) -> Result {
        var core = try core(id)
        // Given back before the events, so that the replica's storage is not copied.
        try update(id) { $0.core = nil }
        let result = body(&core)
        if let broken = core.brokenInvariant { say("\(id) BREAKS \(broken)", .violation) }
        try update(id) { $0.core = core }
        touched.insert(id)
        return result
    }
}
