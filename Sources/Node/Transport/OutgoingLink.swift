internal import KVStore
internal import NIOCore
internal import Raft

/// The way to one peer for one class of traffic: calls it when there is something to send, and again after failures.
///
///     idle ──something to send, and the pause is over──▶ calling ──agreement──▶ open
///       ◀───────────────── failure, end ──────────────────┴──────────────────────┘
///
/// What there is to send while the peer is called waits, up to the queue's limit; if the call fails, it is dropped, as is
/// everything in the pause before the next one. A node that says nothing is therefore not called either.
///
/// Confined to the transport's event loop, except for its gauge.
final class OutgoingLink {
    let peer: NodeID
    let traffic: TrafficClass
    let gauge: QueueGauge
    private(set) var connection: PeerConnection?
    private(set) var isOpen = false
    private(set) var lastSent = NIODeadline.now()
    /// Why the last call failed, so that the same is logged once.
    var lastFailure: ConnectionFailure?

    private let counters: NodeCounters
    private let options: TransportOptions
    private let entropy: any EntropySource & Sendable
    private var waiting: [StoreMessage] = []
    private var waitingBytes = 0
    private var isCalling = false
    private var callAgainAt = NIODeadline.now()
    private var failures = 0
    private var openedAt = NIODeadline.now()
    private var unfinishedWrites = 0
    private var lastProgress = NIODeadline.now()

    init(
        _ peer: NodeID,
        _ traffic: TrafficClass,
        gauge: QueueGauge,
        options: TransportOptions,
        entropy: any EntropySource & Sendable,
        counters: NodeCounters
    ) {
        self.peer = peer
        self.traffic = traffic
        self.gauge = gauge
        self.options = options
        self.entropy = entropy
        self.counters = counters
    }

    /// Sends messages for which the gauge has given room, keeps them until it can, or drops them.
    ///
    /// - Returns: True when the peer has to be called.
    func send(_ messages: [StoreMessage], bytes: Int) -> Bool {
        if isOpen, let connection {
            write(messages, bytes: bytes, to: connection)
            return false
        }
        let mayCall = !isCalling && NIODeadline.now() >= callAgainAt
        guard isCalling || mayCall else {
            drop(messages.count, bytes: bytes)
            return false
        }
        waiting += messages
        waitingBytes += bytes
        isCalling = true
        return mayCall
    }

    /// The peer is there: no reason to wait any longer before it is called.
    func peerIsBack() {
        callAgainAt = .now()
        failures = 0
    }

    // MARK: The call

    func calling(by connection: PeerConnection) { self.connection = connection }

    func opened() {
        isCalling = false
        isOpen = true
        openedAt = .now()
        lastProgress = .now()
        lastFailure = nil
        guard let connection else { return }
        let (messages, bytes) = (waiting, waitingBytes)
        (waiting, waitingBytes) = ([], 0)
        if !messages.isEmpty { write(messages, bytes: bytes, to: connection) }
    }

    /// The call has failed, or the connection is over.
    func ended() {
        let livedLong = isOpen && NIODeadline.now() - openedAt >= .nanoseconds(options.backoff.upperBound.nanoseconds)
        failures = livedLong ? 0 : failures + 1
        (isCalling, isOpen, connection) = (false, false, nil)
        callAgainAt = .now() + pause()
        drop(waiting.count, bytes: waitingBytes)
        (waiting, waitingBytes) = ([], 0)
    }

    /// Doubles with each failure, up to the limit; between the half and the whole by chance, so that nodes that have
    /// lost the same one do not all come back to it at the same moment.
    private func pause() -> TimeAmount {
        let most = options.backoff.upperBound.nanoseconds
        let first = options.backoff.lowerBound.nanoseconds
        let usual = min(most, first << min(16, max(0, failures - 1)))
        let half = max(1, usual / 2)
        return .nanoseconds(half + Int64(entropy.next() % UInt64(half)))
    }

    // MARK: Writing

    private func write(_ messages: [StoreMessage], bytes: Int, to connection: PeerConnection) {
        guard let eventLoop = connection.channel?.eventLoop else { return drop(messages.count, bytes: bytes) }
        let done = eventLoop.makePromise(of: Void.self)
        if unfinishedWrites == 0 { lastProgress = .now() }
        unfinishedWrites += 1
        lastSent = .now()
        let sent = connection.send(messages, completion: done)
        counters.messagesSent.add(sent)
        counters.messagesDropped.add(messages.count - sent)
        done.futureResult.assumeIsolated().whenComplete { [self] result in
            unfinishedWrites -= 1
            lastProgress = .now()
            gauge.release(bytes)
            if case .failure = result { counters.messagesDropped.add(sent) }
        }
    }

    private func drop(_ count: Int, bytes: Int) {
        counters.messagesDropped.add(count)
        gauge.release(bytes)
    }

    /// True when nothing of what was written was taken for so long.
    func isStalled(at now: NIODeadline) -> Bool {
        unfinishedWrites > 0 && now - lastProgress >= .nanoseconds(options.stallTimeout.nanoseconds)
    }
}
