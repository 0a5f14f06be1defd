import Raft

/// Commands that make nodes, and end and start their processes.
extension Interpreter {
    /// `nodes 3 …`: nodes 1 to 3, voters unless said otherwise.
    mutating func makeNodes(_ arguments: inout Arguments) throws(CommandError) {
        let count = try arguments.number("how many")
        let ids = (0..<count).map { NodeID(UInt64($0 + 1)) }
        try make(ids, voters: ids, &arguments)
    }

    /// `node 4 …`: one node that starts from the first nodes' configuration, unless said otherwise.
    mutating func makeNode(_ arguments: inout Arguments) throws(CommandError) {
        try make([try arguments.node()], voters: [], &arguments)
    }

    private mutating func make(_ ids: [NodeID], voters: [NodeID], _ arguments: inout Arguments) throws(CommandError) {
        var setup = NodeSetup(configuration: initialConfiguration ?? Configuration(voters: voters))
        try setup.read(&arguments)
        if initialConfiguration == nil { initialConfiguration = setup.configuration }
        for id in ids {
            guard !nodes.contains(where: { $0.id == id }) else { throw CommandError("there is a node \(id) already") }
            var node = Node(id: id, options: setup.options, disk: setup.disk)
            node.start(partition: Self.partition)
            nodes.append(node)
        }
        nodes.sort { $0.id < $1.id }
    }

    /// `crash 1`, `crash 1 keeping 2`: the process ends; that many of its unwritten writes reach the disk.
    mutating func crash(_ arguments: inout Arguments) throws(CommandError) {
        let id = try arguments.node()
        _ = try core(id)
        if arguments.take("keeping") {
            for _ in 0..<(try arguments.number("how many writes")) { try writeNext(id) }
        }
        try update(id) { $0.crash() }
        loseMessages { $0.to == id }
    }

    /// `restart 1`: starts from what the disk remembers.
    mutating func restart(_ arguments: inout Arguments) throws(CommandError) {
        let id = try arguments.node()
        guard try node(id).core == nil else { throw CommandError("node \(id) is running") }
        try update(id) { $0.start(partition: Self.partition) }
        say("\(id) \(try core(id).status.text)")
    }
}

/// Options of `nodes` and `node`.
private struct NodeSetup {
    var options: RaftOptions
    var configuration: Configuration
    private var hardState = HardState.initial
    private var entries: [Entry] = []

    init(configuration: Configuration) {
        options = RaftOptions()
        options.electionTicks = 10
        options.heartbeatTicks = 3
        self.configuration = configuration
    }

    mutating func read(_ arguments: inout Arguments) throws(CommandError) {
        while let word = arguments.peeked {
            if ["voters", "learners"].contains(word) {
                configuration = try arguments.configuration()
                continue
            }
            _ = try arguments.word("an option")
            switch word {
            case "empty": configuration = Configuration(voters: [])
            case "leases": options.usesLeases = true
            case "log": entries = try Self.log(try arguments.word("a log"))
            case "term": hardState.term = try arguments.term()
            case "vote": hardState.vote = try arguments.node()
            case "commit": hardState.commit = try arguments.index("an index")
            default: try set(word, &arguments)
            }
        }
        hardState.term = max(hardState.term, entries.last?.term ?? .zero)
    }

    private mutating func set(_ option: String, _ arguments: inout Arguments) throws(CommandError) {
        let fields: [String: WritableKeyPath<RaftOptions, Int>] = [
            "election": \.electionTicks, "heartbeat": \.heartbeatTicks, "retry": \.campaignRetryTicks,
            "message-bytes": \.maxMessageBytes, "message-entries": \.maxMessageEntries,
            "inflight": \.maxInflightMessages, "inflight-bytes": \.maxInflightBytes,
            "uncommitted": \.maxUncommittedBytes, "cache": \.entryCacheBytes, "apply-bytes": \.maxApplyBytes,
            "reads": \.maxPendingReads, "lag": \.promotionLagEntries,
        ]
        if option == "quiesce" {
            options.quiesceTicks = try arguments.number("ticks")
        } else if let field = fields[option] {
            options[keyPath: field] = try arguments.number(option)
        } else {
            throw CommandError("'\(option)' is no option")
        }
        do {
            try options.validate()
        } catch {
            throw CommandError(error.description)
        }
    }

    /// `1x3,4x2`: three entries of term 1, then two of term 4. Their commands are "a1" to "a3", "d4", "d5": a letter for
    /// the term and the index.
    private static func log(_ text: String) throws(CommandError) -> [Entry] {
        var entries: [Entry] = []
        for part in text.split(separator: ",") {
            let numbers = part.split(separator: "x")
            guard (1...2).contains(numbers.count) else { throw CommandError("a log is '1x3,4x2', not '\(text)'") }
            let term = Term(UInt64(try Arguments.number(String(numbers[0]), "a term")))
            let count = numbers.count == 1 ? 1 : try Arguments.number(String(numbers[1]), "how many")
            for _ in 0..<count {
                let index = LogIndex(UInt64(entries.count + 1))
                entries.append(Entry(index: index, term: term, payload: .command(Self.command(term, index))))
            }
        }
        return entries
    }

    private static func command(_ term: Term, _ index: LogIndex) -> [UInt8] {
        let letter = UInt8(truncatingIfNeeded: (term.rawValue + 25) % 26) + UInt8(ascii: "a")
        return [letter] + Array("\(index)".utf8)
    }

    var disk: Disk {
        var disk = Disk(initial: configuration)
        disk.hardState = hardState
        disk.entries = entries
        return disk
    }
}
