/// Snapshots for followers that need entries which the log no longer has (5). The core decides, the runtime moves bytes:
///
///     leader: SnapshotRequest ──▶ runtime streams chunks ──▶ snapshotSent ──▶ InstallSnapshot
///     follower: wantsSnapshot? ◀── first chunk … last chunk, checked ──▶ step(InstallSnapshot) ──▶ PersistRequest.snapshot
extension RaftCore {
    mutating func requestSnapshot(forPeer peer: Int) {
        peers[peer].becomeSnapshot()
        effects.snapshots.append(
            SnapshotRequest(follower: peers[peer].id, minimumIndex: log.base.index)
        )
    }

    /// All bytes of the snapshot have arrived at the follower and were checked there. It is told to install it, again
    /// and again until its log joins this one.
    public mutating func snapshotSent(to follower: NodeID, metadata: SnapshotMetadata) {
        guard role == .leader, let peer = peerIndex(of: follower), case .snapshot = peers[peer].state else { return }
        guard metadata.position.index > peers[peer].match else { return snapshotFailed(to: follower) }
        peers[peer].state = .snapshot(metadata)
        send(InstallSnapshot(metadata: metadata), to: follower)
    }

    /// The snapshot did not arrive, or the follower has lost its bytes. The leader looks again, with its next heartbeat,
    /// what the follower needs.
    public mutating func snapshotFailed(to follower: NodeID) {
        guard let peer = peerIndex(of: follower), case .snapshot = peers[peer].state else { return }
        peers[peer].becomePausedProbe(next: peers[peer].match.next)
    }

    /// Whether a snapshot would tell this replica anything: asked by its runtime before it takes in the bytes.
    public func wantsSnapshot(_ metadata: SnapshotMetadata) -> Bool {
        metadata.position.index > log.committed && !log.contains(metadata.position)
    }

    mutating func handleInstallSnapshot(_ install: InstallSnapshot, from sender: NodeID) {
        guard hears(sender) else { return }
        wake()
        let metadata = install.metadata
        if wantsSnapshot(metadata) {
            restore(metadata)
        } else if log.contains(metadata.position) {
            // The entries are here: knowing that they are committed is worth as much as the snapshot.
            log.commit(through: max(log.committed, metadata.position.index))
        }
        sendOnceDurable(AppendAcknowledgement(match: log.committed), to: sender)
    }

    private mutating func restore(_ metadata: SnapshotMetadata) {
        log.restore(metadata.position)
        writes.truncate(from: LogIndex.zero.next)
        unwrittenSnapshot = metadata
        installing = writes.newest.next
        adopt(metadata.configuration)
    }
}
