import Raft

/// The commands. `Tests/RaftTests/Scripts/README.md` describes them for those who write scripts.
extension Interpreter {
    mutating func perform(_ arguments: inout Arguments) throws(CommandError) {
        let command = try arguments.word("a command")
        switch command {
        case "nodes": try makeNodes(&arguments)
        case "node": try makeNode(&arguments)
        case "crash": try crash(&arguments)
        case "restart": try restart(&arguments)
        case "deliver", "drop", "duplicate", "hold", "release", "cut", "isolate", "heal", "inject", "echo":
            try performOnNetwork(command, &arguments)
        case "take", "write", "report", "sync", "apply", "serve", "compact", "snapshot", "fail-snapshot", "stall",
            "resume":
            try performInRuntime(command, &arguments)
        case "status", "progress", "log", "terms", "machine", "configuration", "rejections", "messages", "bytes":
            try show(command, &arguments)
        case "stabilize": try stabilize()
        case "run": try passTime(&arguments)
        case "elect": try elect(&arguments)
        case "tick": try tick(&arguments)
        default: try performOnReplica(command, &arguments)
        }
    }

    /// `1`, `1,2` or `*`, which means all that run.
    mutating func several(_ arguments: inout Arguments) throws(CommandError) -> [NodeID] {
        arguments.take("*") ? running : try arguments.ids()
    }

    // MARK: Time

    /// `tick 1 10`: effects are taken after each tick.
    private mutating func tick(_ arguments: inout Arguments) throws(CommandError) {
        let ids = try several(&arguments)
        for _ in 0..<(arguments.optionalNumber() ?? 1) {
            for id in ids {
                try feed(id) { $0.tick() }
                try takeEffects(id)
            }
        }
    }

    /// `run 10`: time passes for all, and everything happens in between.
    private mutating func passTime(_ arguments: inout Arguments) throws(CommandError) {
        if verbosity == .all { verbosity = .withoutRoutine }
        for _ in 0..<(try arguments.number("ticks")) {
            for id in running { try feed(id) { $0.tick() } }
            try stabilize()
        }
    }

    /// `elect 1`: the quick way to a leader.
    private mutating func elect(_ arguments: inout Arguments) throws(CommandError) {
        verbosity = .notices
        try feed(try arguments.node()) { $0.campaign() }
        try stabilize()
    }

    // MARK: Clients and operators

    private mutating func performOnReplica(_ command: String, _ arguments: inout Arguments) throws(CommandError) {
        let id = try arguments.node()
        switch command {
        case "campaign": try feed(id) { $0.campaign() }
        case "propose": try propose(id, &arguments)
        case "change": try change(id, &arguments)
        case "transfer": try transfer(id, &arguments)
        case "read": try read(id, &arguments)
        case "cancel":
            let token = ReadToken(UInt64(try arguments.number("a read")))
            try feed(id) { $0.cancelRead(token) }
        case "connection-lost":
            let other = try arguments.node()
            try feed(id) { $0.connectionLost(to: other) }
        case "unreachable":
            let other = try arguments.node()
            try feed(id) { $0.peerUnreachable(other) }
        case "node-silent":
            let other = try arguments.node()
            try feed(id) { $0.nodeSilent(other) }
        case "node-returned":
            let other = try arguments.node()
            try feed(id) { $0.nodeReturned(other) }
        default: throw CommandError("'\(command)' is no command")
        }
    }

    /// `propose 1 a b`, `propose 1 3x100`: words, or that many commands of that many bytes.
    private mutating func propose(_ id: NodeID, _ arguments: inout Arguments) throws(CommandError) {
        var commands: [[UInt8]] = []
        while !arguments.isAtEnd {
            let word = try arguments.word("a command")
            let numbers = word.split(separator: "x").compactMap { Int($0) }
            if numbers.count == 2, numbers[0] > 0 {
                commands += [[UInt8]](repeating: [UInt8](repeating: 0x78, count: numbers[1]), count: numbers[0])
            } else {
                commands.append(Array(word.utf8))
            }
        }
        let outcome = try feed(id) { core in
            Result { () throws(RaftCore.ProposalRefusal) in try core.propose(commands) }
        }
        if case .failure(let refusal) = outcome { say("\(id) refuses the proposal: \(refusal.text)") }
    }

    /// `change 1 add 4 remove 3`.
    private mutating func change(_ id: NodeID, _ arguments: inout Arguments) throws(CommandError) {
        var steps: [MembershipChange.Step] = []
        while !arguments.isAtEnd {
            switch try arguments.word("a step") {
            case "add": steps.append(.add(try arguments.node()))
            case "learner": steps.append(.addLearner(try arguments.node()))
            case "promote": steps.append(.promote(try arguments.node()))
            case "demote": steps.append(.demote(try arguments.node()))
            case "remove": steps.append(.remove(try arguments.node()))
            case let word: throw CommandError("'\(word)' is no step of a change")
            }
        }
        let outcome = try feed(id) { core in
            Result { () throws(RaftCore.MembershipRefusal) in try core.proposeMembership(MembershipChange(steps)) }
        }
        if case .failure(let refusal) = outcome { say("\(id) refuses the change: \(refusal.text)") }
    }

    /// `transfer 1→2`.
    private mutating func transfer(_ id: NodeID, _ arguments: inout Arguments) throws(CommandError) {
        try arguments.expect("to")
        let target = try arguments.node()
        let outcome = try feed(id) { core in
            Result { () throws(RaftCore.TransferRefusal) in try core.transferLeadership(to: target) }
        }
        if case .failure(let refusal) = outcome { say("\(id) refuses the transfer: \(refusal.text)") }
    }

    /// `read 1 7 8`: reads with these names, asked together.
    private mutating func read(_ id: NodeID, _ arguments: inout Arguments) throws(CommandError) {
        repeat {
            let token = ReadToken(UInt64(try arguments.number("a read")))
            let outcome = try feed(id) { core in
                Result { () throws(RaftCore.ReadRefusal) in try core.requestRead(token) }
            }
            if case .failure(let refusal) = outcome {
                say("\(id) refuses read \(token.rawValue): \(refusal.text)")
            }
        } while !arguments.isAtEnd
    }
}
