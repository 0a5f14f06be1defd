internal import Raft

/// How snapshots arrive: beside the data, chunk by chunk, until they are whole and the leader says to install them.
extension Store {
    /// Takes in a chunk, and asks for the next one.
    func take(_ chunk: [UInt8], in message: SnapshotMessage, by replica: Replica) {
        // Answers leave with the next turn.
        ready.insert(replica.partition)
        guard var incoming = replica.incoming else { return begin(chunk, in: message, by: replica) }
        do throws(SnapshotError) {
            try incoming.receiver.receive(chunk)
            incoming.progressed = now
            incoming.sender = message.from
            replica.incoming = incoming
            askForMore(of: replica)
        } catch {
            switch error {
            case .otherSnapshot(let position):
                guard position.index > incoming.position.index else { return }
                abandonIncoming(of: replica)
                begin(chunk, in: message, by: replica)
            case .duplicate(number: 0, wanted: _), .finished:
                // It is offered again: the sender is told how far this one has come.
                guard message.position == incoming.position else { return }
                replica.incoming?.sender = message.from
                askForMore(of: replica)
            case .otherContent, .engine:
                abandonIncoming(of: replica)
                say(.failed, of: replica.partition, at: message.position, to: message.from)
            case .malformed, .corrupt, .otherPartition, .duplicate, .early:
                break
            }
        }
    }

    private func begin(_ chunk: [UInt8], in message: SnapshotMessage, by replica: Replica) {
        guard let metadata = try? SnapshotReceiver.metadata(ofFirst: chunk), metadata.position == message.position
        else {
            return say(.failed, of: replica.partition, at: message.position, to: message.from)
        }
        // All of it is here already. The order to install it, which follows, lets the core say so to the leader; a
        // refusal would let the leader offer it for ever.
        guard replica.core.wantsSnapshot(metadata) else {
            return say(.done, of: replica.partition, at: message.position, to: message.from)
        }
        guard receiving.ids.count < options.maxIncomingSnapshots else {
            return say(.failed, of: replica.partition, at: message.position, to: message.from)
        }
        let receiver = replica.machine.receiveSnapshot()
        guard (try? receiver.receive(chunk)) != nil else { return }
        receiving.insert(replica.partition)
        replica.incoming = IncomingSnapshot(
            sender: message.from,
            position: metadata.position,
            receiver: receiver,
            progressed: now,
            asked: now
        )
        askForMore(of: replica)
    }

    private func askForMore(of replica: Replica) {
        guard let incoming = replica.incoming else { return }
        replica.incoming?.asked = now
        let content: SnapshotMessage.Content =
            incoming.receiver.isComplete ? .done : .want(incoming.receiver.wanted)
        say(content, of: replica.partition, at: incoming.position, to: incoming.sender)
    }

    /// Feeds an order to install a snapshot to the core, if its bytes are here; if not, the leader is told.
    func install(_ install: InstallSnapshot, in envelope: Envelope, by replica: Replica) {
        guard replica.core.wantsSnapshot(install.metadata) else { return replica.core.step(envelope) }
        guard let incoming = replica.incoming, incoming.receiver.isComplete,
            incoming.receiver.metadata == install.metadata
        else {
            return say(.failed, of: replica.partition, at: install.metadata.position, to: envelope.from)
        }
        replica.core.step(envelope)
        if replica.core.wantsSnapshot(install.metadata) { return }
        // It was accepted: the write that comes with the next turn needs it.
        replica.accepted = incoming.receiver
        replica.incoming = nil
        receiving.remove(replica.partition)
    }

    /// Puts an accepted snapshot in place of the replica's data. It is durable at return.
    func ingest(_ metadata: SnapshotMetadata, of replica: Replica) throws(StoreError) {
        guard let receiver = replica.accepted, receiver.metadata == metadata else {
            preconditionFailure("a snapshot is installed only when its bytes are here")
        }
        replica.accepted = nil
        try callMachine(replica.partition) { () throws(StateMachineError) in try replica.machine.install(receiver) }
        // What is left of an older batch is in the snapshot.
        replica.applying = nil
        applyQueue.removeAll { $0 == replica.partition }
        answerUnknown(replica.commands.removeAll(after: .zero))
    }

    /// Asks again for what does not come, and gives up what does not come at all.
    func tickIncoming() {
        for id in receiving.ids {
            guard let replica = replicas[id], let incoming = replica.incoming else { continue }
            if now - incoming.progressed >= options.snapshotTimeoutTicks {
                abandonIncoming(of: replica)
            } else if now - incoming.asked >= options.snapshotRetryTicks {
                askForMore(of: replica)
                ready.insert(id)
            }
        }
    }

    /// Gives up what arrives where its sender says that it is of another snapshot than his; tells whether it did.
    func abandonIncoming(of replica: Replica, after message: SnapshotMessage) -> Bool {
        guard let incoming = replica.incoming, incoming.sender == message.from, incoming.position == message.position
        else { return false }
        abandonIncoming(of: replica)
        return true
    }

    func abandonIncoming(of replica: Replica) {
        replica.incoming?.receiver.abandon()
        replica.incoming = nil
        receiving.remove(replica.partition)
    }
}
