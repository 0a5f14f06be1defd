internal import Raft

/// How snapshots leave: as many at a time as the options allow, each a chunk at a time, when it is asked for.
extension Store {
    /// Begins transfers for which there is room, and sends the chunks that were asked for.
    func sendSnapshots() throws(StoreError) {
        while outgoing.active.count < options.maxOutgoingSnapshots, let next = outgoing.takeWaiting() {
            try begin(next)
        }
        for place in outgoing.active.indices { try sendChunk(at: place) }
        for transfer in outgoing.active where transfer.isMistaken { beginAnew(transfer) }
    }

    private func sendChunk(at place: Int) throws(StoreError) {
        let transfer = outgoing.active[place]
        guard let wanted = transfer.wanted else { return }
        let writer = transfer.writer
        let outcome = try callMachine(transfer.partition) { () throws(StateMachineError) in
            try writer.seek(to: wanted, making: Self.mostChunksOnTheWay)
        }
        switch outcome {
        case .onTheWay: return
        case .behindEnd: outgoing.active[place].isMistaken = true
        case .reached:
            outgoing.active[place].wanted = nil
            let chunk = try callMachine(transfer.partition) { () throws(StateMachineError) in try writer.nextChunk() }
            guard let chunk else { return }
            say(.chunk(chunk), of: transfer.partition, at: writer.metadata.position, to: transfer.follower)
        }
    }

    /// How many chunks are made in a turn on the way to one that is far ahead: others are waiting.
    private static var mostChunksOnTheWay: Int { 16 }

    /// What the receiver has cannot be of this snapshot: it is told to give it up.
    private func beginAnew(_ transfer: OutgoingSnapshot) {
        outgoing.remove(transfer.partition, to: transfer.follower)
        say(.failed, of: transfer.partition, at: transfer.writer.metadata.position, to: transfer.follower)
        guard let replica = replicas[transfer.partition] else { return }
        replica.core.snapshotFailed(to: transfer.follower)
        touched(replica)
    }

    private func begin(_ next: OutgoingSnapshots.Waiting) throws(StoreError) {
        guard let replica = replicas[next.partition] else { return }
        let applied = replica.machine.state.position.index
        guard applied > .zero, applied >= next.request.minimumIndex else {
            replica.core.snapshotFailed(to: next.request.follower)
            return touched(replica)
        }
        let writer = try callMachine(next.partition) { () throws(StateMachineError) in
            try replica.machine.makeSnapshot(chunkBytes: options.snapshotChunkBytes)
        }
        outgoing.active.append(
            OutgoingSnapshot(
                partition: next.partition,
                follower: next.request.follower,
                writer: writer,
                wanted: 0,
                heard: now
            )
        )
    }

    /// What a receiver says of the snapshot that it gets from here.
    func hear(_ content: SnapshotMessage.Content, in message: SnapshotMessage, by replica: Replica) {
        let place = outgoing.place(message.partition, to: message.from)
        if let place, outgoing.active[place].writer.metadata.position != message.position { return }
        switch content {
        case .want(let number):
            guard let place else { return }
            outgoing.active[place].wanted = number
            outgoing.active[place].heard = now
        case .done:
            guard let place else { return }
            let metadata = outgoing.active.remove(at: place).writer.metadata
            replica.core.snapshotSent(to: message.from, metadata: metadata)
        case .failed:
            if abandonIncoming(of: replica, after: message) { break }
            // Without a transfer it is the answer to an order to install what has been lost since.
            guard place != nil || !outgoing.isWaiting(message.partition, to: message.from) else { return }
            outgoing.remove(message.partition, to: message.from)
            replica.core.snapshotFailed(to: message.from)
        case .chunk:
            return
        }
        touched(replica)
    }

    /// Gives up transfers whose receivers are silent.
    func giveUpOutgoing() {
        for transfer in outgoing.active where now - transfer.heard >= options.snapshotTimeoutTicks {
            outgoing.remove(transfer.partition, to: transfer.follower)
            guard let replica = replicas[transfer.partition] else { continue }
            replica.core.snapshotFailed(to: transfer.follower)
            touched(replica)
        }
    }

    func say(
        _ content: SnapshotMessage.Content,
        of partition: PartitionID,
        at position: LogPosition,
        to other: NodeID
    ) {
        outbox.add(
            .snapshot(
                SnapshotMessage(partition: partition, from: node, to: other, position: position, content: content)
            )
        )
    }
}
