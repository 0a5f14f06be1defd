import Raft

/// Commands for what lies between replicas: the network.
extension Interpreter {
    mutating func performOnNetwork(_ command: String, _ arguments: inout Arguments) throws(CommandError) {
        switch command {
        case "deliver":
            for envelope in try pick(&arguments) { try arrive(envelope, at: envelope.to) }
        case "drop":
            for envelope in try pick(&arguments) { say("\(text(of: envelope)) (lost)") }
        case "duplicate":
            for envelope in try pick(&arguments) { network += [envelope, envelope] }
        case "hold": holds.append(try arguments.messages())
        case "release": try lift(&holds, &arguments)
        case "cut": cut([try arguments.messages()])
        case "isolate":
            let id = try arguments.node()
            cut([Link(from: id, to: nil), Link(from: nil, to: id)])
        case "heal":
            if let id = arguments.optionalNumber().map({ NodeID(UInt64($0)) }) {
                cuts.removeAll { $0.from == id || $0.to == id }
            } else {
                try lift(&cuts, &arguments)
            }
        case "inject": try inject(&arguments)
        case "echo":
            let known = self
            let envelope = try arguments.envelope(partition: Self.partition) { known.incarnation($0) }
            say(text(of: envelope))
        default: preconditionFailure("'\(command)' is no command for the network")
        }
    }

    /// Without a link all are lifted.
    private func lift(_ links: inout [Link], _ arguments: inout Arguments) throws(CommandError) {
        if arguments.isAtEnd { return links.removeAll() }
        let link = try arguments.messages()
        guard links.contains(link) else { throw CommandError("there is no such hold or cut") }
        links.removeAll { $0 == link }
    }

    /// `inject [group 2] [at 3] 1→2 append …`: a message as if it had come from the network.
    private mutating func inject(_ arguments: inout Arguments) throws(CommandError) {
        var partition = Self.partition
        if arguments.take("group") { partition = PartitionID(UInt64(try arguments.number("a group"))) }
        let receiver = arguments.take("at") ? try arguments.node() : nil
        let known = self
        let envelope = try arguments.envelope(partition: partition) { known.incarnation($0) }
        try arrive(envelope, at: receiver ?? envelope.to)
    }
}

/// Commands for the runtime around a replica: disk, state machine, log reads, snapshots.
extension Interpreter {
    mutating func performInRuntime(_ command: String, _ arguments: inout Arguments) throws(CommandError) {
        switch command {
        case "snapshot", "fail-snapshot":
            let (from, to) = try arguments.namedLink()
            if command == "snapshot" { return try streamSnapshot(from: from, to: to) }
            try update(from) { $0.snapshots.removeAll { $0.follower == to } }
            try feed(from) { $0.snapshotFailed(to: to) }
        case "compact":
            let id = try arguments.node()
            let index = try arguments.index("an index")
            guard index <= (try node(id).disk.machine.applied) else { throw CommandError("not applied yet") }
            try update(id) { $0.disk.compact(through: index) }
            try feed(id) { $0.compact(through: index) }
        case "stall", "resume":
            let ids = try several(&arguments)
            let name = try arguments.word("a part")
            guard let part = Node.Part(rawValue: name) else { throw CommandError("'\(name)' is no part of a runtime") }
            for id in ids {
                try update(id) { node in
                    if command == "stall" { node.stalled.insert(part) } else { node.stalled.remove(part) }
                }
            }
        case "write", "report", "sync": try performOnDisk(command, &arguments)
        default:
            for id in try several(&arguments) {
                switch command {
                case "take":
                    try update(id) { $0.isFed = false }
                    touched.insert(id)
                case "apply":
                    repeat { try applyNext(id) } while !(try node(id).committed.isEmpty)
                case "serve": try serveLogRead(id)
                default: preconditionFailure("'\(command)' is no command for the runtime")
                }
            }
        }
    }

    /// `sync 1`: all writes; `sync 1 #2`, `write 1 #2`: all up to that one; `report 1 #2`: that one, even again.
    private mutating func performOnDisk(_ command: String, _ arguments: inout Arguments) throws(CommandError) {
        let ids = try several(&arguments)
        let limit = arguments.isAtEnd ? nil : try arguments.persistID()
        for id in ids {
            let node = try node(id)
            switch command {
            case "report":
                guard let limit = limit ?? node.unreported.last else {
                    throw CommandError("node \(id) has nothing to report")
                }
                try report(id, through: limit)
            case "write":
                repeat { try writeNext(id) } while isLeft(try self.node(id).unwritten.map(\.id), limit)
            default:
                repeat { try syncNext(id) } while isLeft(try self.node(id).incompleteWrites, limit)
            }
        }
    }

    private func isLeft(_ writes: [PersistID], _ limit: PersistID?) -> Bool {
        guard let next = writes.first else { return false }
        return limit.map { next <= $0 } ?? true
    }
}
