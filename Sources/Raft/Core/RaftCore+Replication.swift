/// How a leader brings its log to the others and finds out what is committed (3.5, 3.6.2, 10.2).
extension RaftCore {
    // MARK: Proposals

    /// Why a proposal was not taken. It had no effect and will have none.
    public enum ProposalRefusal: Error, Hashable, Sendable {
        /// This replica does not lead; the one named does, as far as it knows.
        case notLeader(NodeID?)
        /// Leadership is being handed over. Hold the proposal until a notice says that it was, or was not.
        case transferring(to: NodeID)
        /// Too many bytes wait to be committed. Try again once some are.
        case overloaded(uncommittedBytes: Int)
    }

    /// Adds commands to the log, all of them or none. The first gets the returned index, the others follow it; they are
    /// committed if and only if these indexes are applied with this term. The caller knows that there is at least one.
    public mutating func propose(_ commands: [[UInt8]]) throws(ProposalRefusal) -> LogPosition {
        precondition(!commands.isEmpty, "a proposal has at least one command")
        let first = log.lastIndex.next
        var size = 0
        for command in commands { size += EntryPayload.commandBytes(command) }
        try admitProposal(bytes: size)
        for command in commands { log.append(.command(command), term: term) }
        return LogPosition(term: term, index: first)
    }

    private mutating func admitProposal(bytes: Int) throws(ProposalRefusal) {
        wake()
        guard role == .leader else { throw .notLeader(leader) }
        if let transfer { throw .transferring(to: transfer.target) }
        let waiting = log.uncommitted.total
        guard waiting == 0 || waiting + bytes <= options.maxUncommittedBytes else {
            throw .overloaded(uncommittedBytes: waiting)
        }
    }

    // MARK: Sending entries

    /// Everything that was proposed, asked or committed since the last time goes out now, together. What is being
    /// written is mostly what every peer lacks: one array of entries then serves them all.
    mutating func flushAsLeader() {
        beginReadRound()
        var entries = effects.persist?.entries ?? []
        for peer in peers.indices { replicate(toPeer: peer, sharing: &entries) }
    }

    /// Sends a peer what it lacks, as far as its state and its window allow. `entries` are the latest that were taken
    /// from the cache.
    private mutating func replicate(toPeer peer: Int, sharing entries: inout [Entry]) {
        var hasSent = false
        while peers[peer].canSend(options) {
            let next = peers[peer].next
            guard next <= log.lastIndex else { break }
            guard log.term(at: next.previous) != nil else { return requestSnapshot(forPeer: peer) }
            guard log.cache.contains(next) else { return readFromDisk(forPeer: peer) }
            entries = log.cache.slice(
                from: next,
                through: log.lastIndex,
                maxBytes: options.maxMessageBytes,
                maxCount: options.maxMessageEntries,
                sharing: entries
            )
            sendAppend(entries, toPeer: peer)
            hasSent = true
        }
        if hasSent { return }
        // A probe without entries finds out where the logs agree; a commit index lets the follower apply.
        let isProbing = peers[peer].state == .probe(isPaused: false)
        let isToBeTold = peers[peer].isReplicating && peers[peer].toldCommit < min(log.committed, peers[peer].match)
        if isProbing || isToBeTold { sendEmptyAppend(toPeer: peer) }
    }

    /// Sends entries that begin at the peer's next index. The caller knows that the log has their predecessor.
    private mutating func sendAppend(_ entries: [Entry], toPeer peer: Int) {
        let previous = peers[peer].next.previous
        guard let previousTerm = log.term(at: previous) else { preconditionFailure("the predecessor must be known") }
        let last = previous + entries.count
        var bytes = 0
        for entry in entries { bytes += entry.payload.sizeBytes }
        peers[peer].sent(through: last, bytes: bytes)
        peers[peer].toldCommit = max(peers[peer].toldCommit, min(log.committed, last))
        send(
            AppendRequest(
                previous: LogPosition(term: previousTerm, index: previous),
                entries: entries,
                commit: log.committed
            ),
            to: peers[peer].id
        )
    }

    mutating func sendEmptyAppend(toPeer peer: Int) {
        let previous = peers[peer].next.previous
        guard let term = log.term(at: previous) else { return requestSnapshot(forPeer: peer) }
        if case .probe = peers[peer].state { peers[peer].state = .probe(isPaused: true) }
        peers[peer].toldCommit = max(peers[peer].toldCommit, min(log.committed, previous))
        send(
            AppendRequest(previous: LogPosition(term: term, index: previous), entries: [], commit: log.committed),
            to: peers[peer].id
        )
    }

    // MARK: Entries that are on disk only

    private mutating func readFromDisk(forPeer peer: Int) {
        let next = peers[peer].next
        guard peers[peer].readingFrom != next else { return }
        peers[peer].readingFrom = next
        effects.logReads.append(
            LogReadRequest(
                follower: peers[peer].id,
                first: next,
                last: min(log.lastIndex, next + (options.maxMessageEntries - 1)),
                maxBytes: options.maxMessageBytes
            )
        )
    }

    /// Answers a ``LogReadRequest``: entries from its first one on, or none when the log was compacted meanwhile.
    public mutating func entriesRead(_ request: LogReadRequest, entries: [Entry]) {
        guard role == .leader, let peer = peerIndex(of: request.follower),
            peers[peer].readingFrom == request.first
        else { return }
        peers[peer].readingFrom = nil
        guard peers[peer].next == request.first, peers[peer].canSend(options) else { return }
        if isOwnLog(entries, from: request.first) { return sendAppend(entries, toPeer: peer) }
        // Nothing that could be sent: unless the log was cut, asking again at once would not help.
        if request.first > log.base.index { peers[peer].becomePausedProbe(next: request.first) }
    }

    /// Whether these are this log's entries: one that was read before a change of leadership may not be any more.
    private func isOwnLog(_ entries: [Entry], from first: LogIndex) -> Bool {
        guard log.term(at: first.previous) != nil, !entries.isEmpty else { return false }
        return entries.indices.allSatisfy { offset in
            entries[offset].index == first + offset && log.contains(entries[offset].position)
        }
    }

    // MARK: Answers

    mutating func handleAppended(_ acknowledgement: AppendAcknowledgement, from follower: NodeID) {
        guard let peer = activePeer(follower) else { return }
        guard acknowledgement.match <= log.lastIndex else { return reject(.impossibleFields) }
        guard peers[peer].acknowledge(acknowledgement.match, base: log.base.index) else { return }
        wake()
        advanceCommit()
        continueTransfer()
    }

    mutating func handleAppendRejected(_ rejection: AppendRejection, from follower: NodeID) {
        guard let peer = activePeer(follower) else { return }
        // What it has acknowledged it cannot lack, unless it has lost it; then probing would go round in circles.
        guard rejection.rejected > peers[peer].match else { return reject(.outOfPlace) }
        switch peers[peer].state {
        case .probe: guard rejection.rejected == peers[peer].next.previous else { return reject(.outOfPlace) }
        case .replicate: break
        case .snapshot: return reject(.outOfPlace)
        }
        wake()
        peers[peer].becomeProbe(next: min(nextIndex(after: rejection.hint), rejection.rejected))
    }

    /// Where to probe next: behind the last entry that both logs may share. Entries of a term that the follower does
    /// not have are passed over together, as the follower has passed over entries of a term that the leader lacks.
    private func nextIndex(after hint: LogPosition) -> LogIndex {
        let shared = log.terms.lastPosition(ofTermAtMost: hint.term, upTo: hint.index)
        let isShared = shared.index <= hint.index && shared.term <= hint.term
        // Otherwise the logs part at or before the base: only a snapshot helps.
        return isShared ? shared.index.next : log.base.index
    }

    /// The transport gave up on messages to `node`: what is on its way to it may be lost.
    public mutating func peerUnreachable(_ node: NodeID) {
        guard let peer = peerIndex(of: node), peers[peer].isReplicating else { return }
        peers[peer].becomeProbe(next: peers[peer].match.next)
    }

    // MARK: Commitment

    /// Commits what a quorum has stored (3.6.2). Only an entry of this term is ever counted: an older one can be
    /// stored everywhere and still be replaced, until one of this term lies behind it.
    mutating func advanceCommit() {
        guard
            let stored = configuration.valueReachedByQuorum({ voter in
                if voter == id { return log.durable }
                return peerIndex(of: voter).map { peers[$0].match } ?? .zero
            }),
            stored > log.committed, log.term(at: stored) == term
        else { return }
        log.commit(through: stored)
    }
}
