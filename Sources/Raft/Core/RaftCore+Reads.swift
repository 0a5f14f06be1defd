/// Linearizable reads without log entries (ReadIndex, 6.4), in rounds, on leaders and through them on followers.
extension RaftCore {
    /// Why a read was not taken.
    public enum ReadRefusal: Error, Hashable, Sendable {
        /// No leader is known that could be asked.
        case noLeader
        /// Too many reads wait already.
        case overloaded
    }

    /// Asks for a point from which on the state machine may answer a read that arrives now. The outcome comes with the
    /// effects. On a follower question and answer can be lost: whoever waits needs a time-out, and ``cancelRead(_:)``.
    public mutating func requestRead(_ token: ReadToken) throws(ReadRefusal) {
        wake()
        guard reads.count + forwardedReads.count + confirmedReads.count < options.maxPendingReads else {
            throw .overloaded
        }
        guard let leader else { throw .noLeader }
        if role == .leader {
            reads.add(.own(token))
        } else {
            send(ReadRequest(id: forwardedReads.add(token)), to: leader)
        }
    }

    /// Forgets a read for which nobody waits any more.
    public mutating func cancelRead(_ token: ReadToken) {
        reads.remove(token)
        forwardedReads.remove(token)
        confirmedReads.remove(token)
    }

    mutating func handleReadRequest(_ request: ReadRequest, from follower: NodeID) {
        guard activePeer(follower) != nil else { return }
        guard reads.count < options.maxPendingReads else { return reject(.overloaded) }
        wake()
        reads.add(.follower(follower, request.id))
    }

    mutating func handleReadReply(_ reply: ReadReply) {
        guard let token = forwardedReads.remove(reply.id) else { return reject(.outOfPlace) }
        confirmedReads.add(token, index: reply.index)
    }

    /// Lets all waiting reads share a round, while no more than a few rounds are on their way: the busier the group,
    /// the more reads a round serves. A leader knows what is committed only once an entry of its own term is: until
    /// then reads wait.
    mutating func beginReadRound() {
        guard !reads.waiting.isEmpty, reads.mayBeginRound, log.term(at: log.committed) == term else { return }
        reads.beginRound(at: log.committed)
        broadcastHeartbeat()
        confirmReads()
    }

    /// Answers every round for which a quorum has confirmed this leadership since the round began.
    mutating func confirmReads() {
        // A round whose reads were all cancelled is confirmed like any other, or it would stand in the way for ever.
        guard reads.pendingRound != .none else { return }
        let newest = reads.newestRound
        let confirmed = configuration.valueReachedByQuorum { voter in
            if voter == id { return newest }
            return peerIndex(of: voter).map { peers[$0].confirmedRound } ?? .none
        }
        guard let confirmed else { return }
        for (origin, index) in reads.confirm(confirmed) {
            switch origin {
            case .own(let token): confirmedReads.add(token, index: index)
            case .follower(let follower, let id): send(ReadReply(id: id, index: index), to: follower)
            }
        }
    }

    mutating func releaseConfirmedReads() {
        for (token, index) in confirmedReads.release(applied: log.applied) {
            effects.reads.append(.ready(token, index: index))
        }
    }

    mutating func failReads() {
        for case .own(let token) in reads.removeAll() { effects.reads.append(.failed(token)) }
    }

    mutating func failForwardedReads() {
        for token in forwardedReads.removeAll() { effects.reads.append(.failed(token)) }
    }
}
