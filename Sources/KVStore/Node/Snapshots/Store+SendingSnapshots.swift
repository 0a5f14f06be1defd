internal import Raft

/// How snapshots leave: as many at a time as the options allow, each a chunk at a time, when it is asked for.
extension Store {
    /// Begins transfers for which there is room, and sends the chunks that were asked for.
    func sendSnapshots() throws(StoreError) {
        while outgoing.active.count < options.maxOutgoingSnapshots, let next = outgoing.takeWaiting() {
            try begin(next)
        }
        for place in outgoing.active.indices {
            guard let wanted = outgoing.active[place].wanted else { continue }
            outgoing.active[place].wanted = nil
            let transfer = outgoing.active[place]
            let chunk = try callMachine(transfer.partition) { () throws(StateMachineError) in
                try transfer.writer.rewind(to: wanted) ? transfer.writer.nextChunk() : nil
            }
            // Nothing has this number: who asks for it speaks of another snapshot, and will give it up.
            guard let chunk else { continue }
            say(.chunk(chunk), of: transfer.partition, at: transfer.writer.metadata.position, to: transfer.follower)
        }
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
            // Without a transfer it is the answer to an order to install what has been lost since.
            guard place != nil || !outgoing.waiting.contains(where: { $0.request.follower == message.from }) else {
                return
            }
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
