import Raft

/// Does what replicas ask for: sends their messages at once, and lets everything else wait for a command.
extension Interpreter {
    mutating func takeEffects(_ id: NodeID) throws(CommandError) {
        touched.remove(id)
        let effects = try feed(id) { $0.takeEffects() }
        touched.remove(id)
        try update(id) { node in
            node.isFed = false
            if let request = effects.persist { node.unwritten.append(request) }
            if let committed = effects.committed { node.committed.append(committed) }
            node.logReads += effects.logReads
            node.snapshots += effects.snapshots
        }
        // That a leader follows itself is said by its becoming one.
        for notice in effects.notices where notice != .leaderChanged(id) {
            say("\(id) \(notice.text)", .notice)
            if case .becameLeader(let term) = notice { witness(leader: id, of: term) }
        }
        if let request = effects.persist { say("\(id) \(request.text)") }
        for envelope in effects.messages { post(envelope) }
        if let committed = effects.committed { say("\(id) \(committed.text)") }
        for read in effects.reads { say("\(id) \(read.text)") }
        for request in effects.logReads { say("\(id) \(request.text)") }
        for request in effects.snapshots { say("\(id) \(request.text)") }
    }

    /// Election safety (3.4): at most one leader a term.
    private mutating func witness(leader id: NodeID, of term: Term) {
        if let other = leaders[term], other != id { say("TWO LEADERS OF TERM \(term): \(other) and \(id)", .violation) }
        leaders[term] = id
    }

    // MARK: Disk

    /// Writes the oldest request to disk, without telling the replica.
    mutating func writeNext(_ id: NodeID) throws(CommandError) {
        guard let request = try node(id).unwritten.first else { throw CommandError("node \(id) has nothing to write") }
        let installed = request.snapshot.map { snapshots[$0.position] ?? StateMachine(at: $0) }
        try update(id) { node in
            node.unwritten.removeFirst()
            node.disk.write(request, installed: installed)
            node.unreported.append(request.id)
        }
    }

    /// Tells the replica that writes up to this one are durable.
    mutating func report(_ id: NodeID, through write: PersistID) throws(CommandError) {
        try update(id) { $0.unreported.removeAll { $0 <= write } }
        try feed(id) { $0.persisted(through: write) }
    }

    /// Writes and reports the oldest request.
    mutating func syncNext(_ id: NodeID) throws(CommandError) {
        if try node(id).unreported.isEmpty { try writeNext(id) }
        guard let write = try node(id).unreported.first else { return }
        say("\(id) synced #\(write.rawValue)")
        try report(id, through: write)
    }

    // MARK: State machine

    /// Applies the batch that was handed out first.
    mutating func applyNext(_ id: NodeID) throws(CommandError) {
        let node = try node(id)
        guard let batch = node.committed.first else { throw CommandError("node \(id) has nothing to apply") }
        let entries = batch.entries ?? node.disk.read(from: batch.first, through: batch.last)
        try update(id) { node in
            node.committed.removeFirst()
            // A snapshot may have overtaken the batch.
            for entry in entries where entry.index > node.disk.machine.applied { node.disk.machine.apply(entry) }
        }
        let isOvertaken = batch.last < (try self.node(id).disk.machine.applied)
        say("\(id) applied \(batch.last)\(isOvertaken ? ", too late" : "")")
        for entry in entries { witness(applied: entry, at: id) }
        try feed(id) { $0.applied(through: batch.last) }
    }

    /// State machine safety (3.6.3): no two replicas apply different entries at one index.
    private mutating func witness(applied entry: Entry, at id: NodeID) {
        if let other = decided[entry.index], other != entry {
            say("\(id) APPLIED \(entry.text) WHERE ANOTHER APPLIED \(other.text)", .violation)
        }
        decided[entry.index] = entry
    }

    // MARK: Log reads and snapshots

    mutating func serveLogRead(_ id: NodeID) throws(CommandError) {
        let node = try node(id)
        guard let request = node.logReads.first else { throw CommandError("node \(id) reads nothing from its log") }
        let entries = node.disk.read(from: request.first, through: request.last, maxBytes: request.maxBytes)
        try update(id) { $0.logReads.removeFirst() }
        say("\(id) read \(entries.text)")
        try feed(id) { $0.entriesRead(request, entries: entries) }
    }

    /// Streams a snapshot of the state machine as it is now; all its bytes arrive.
    mutating func streamSnapshot(from id: NodeID, to follower: NodeID) throws(CommandError) {
        let node = try node(id)
        let applied = node.disk.machine.applied
        guard let core = node.core, let term = core.termHistory.term(at: applied), applied > .zero else {
            throw CommandError("node \(id) has no state to stream")
        }
        let position = LogPosition(term: term, index: applied)
        let metadata = SnapshotMetadata(position: position, configuration: node.disk.machine.configuration)
        snapshots[position] = node.disk.machine
        try update(id) { $0.snapshots.removeAll { $0.follower == follower } }
        say("\(id) streamed \(metadata.text) to \(follower)")
        try feed(id) { $0.snapshotSent(to: follower, metadata: metadata) }
    }
}

extension CommittedEntries {
    fileprivate var text: String {
        guard let entries else { return "committed \(first)…\(last), to be read from disk" }
        return "committed \(entries.text)"
    }
}
