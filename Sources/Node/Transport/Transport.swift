internal import KVStore
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Raft

/// Carries messages between nodes over TCP: the production side of `MessageNetwork`.
///
///     loop ── send ──▶ gauges ──▶ event loop: links ──▶ one connection a peer and class of traffic ──▶ peers
///     loop ◀── received, connected, lost ── event loop ◀── connections that peers have made ◀──
///
/// Everything on the event loop's side is in ``TransportCore``; here is what may be called from elsewhere.
final class Transport: MessageNetwork, Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let core: TransportCore
    private let gauges: [Route: QueueGauge]
    private let counters: NodeCounters

    struct Route: Hashable, Sendable {
        let peer: NodeID
        let traffic: TrafficClass
    }

    /// What was given to a link in one go.
    struct Parcel: Sendable {
        let route: Route
        var messages: [StoreMessage] = []
        var bytes = 0
    }

    init(
        cluster: ClusterID,
        node: NodeID,
        peers: [NodeID: NodeAddress],
        security: TransportSecurity,
        options: TransportOptions,
        entropy: any EntropySource & Sendable,
        counters: NodeCounters,
        logger: Logger
    ) {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var gauges: [Route: QueueGauge] = [:]
        for peer in peers.keys {
            for traffic in TrafficClass.allCases {
                gauges[Route(peer: peer, traffic: traffic)] = QueueGauge(limit: options.queueBytes)
            }
        }
        self.gauges = gauges
        self.counters = counters
        core = TransportCore(
            eventLoop: group.next(),
            cluster: cluster,
            node: node,
            peers: peers,
            gauges: gauges,
            security: security,
            options: options,
            entropy: entropy,
            counters: counters,
            logger: logger
        )
    }

    /// Sends messages, or drops them. Called on the node's loop only.
    func send(_ messages: [StoreMessage]) {
        var parcels: [Parcel] = []
        for message in messages {
            let route = Route(peer: message.to, traffic: message.traffic)
            let bytes = message.waitingBytes
            guard let gauge = gauges[route], gauge.admit(bytes) else {
                counters.messagesDropped.add(1)
                continue
            }
            // There are few routes, and neighbours often share one.
            let place = parcels.lastIndex { $0.route == route } ?? parcels.count
            if place == parcels.count { parcels.append(Parcel(route: route)) }
            parcels[place].messages.append(message)
            parcels[place].bytes += bytes
        }
        if parcels.isEmpty { return }
        core.eventLoop.execute { [core, parcels] in core.send(parcels) }
    }

    /// Listens, and begins to call. Nothing is sent before.
    ///
    /// - Returns: The address that others may call.
    func start(
        _ address: NodeAddress,
        incarnation: UInt64,
        events: TransportEvents
    ) async throws(NodeStartFailure) -> NodeAddress {
        do {
            let bound = try await core.eventLoop.flatSubmit { [core] in
                core.start(address, incarnation: incarnation, events: events)
            }.get()
            return NodeAddress(host: address.host, port: bound)
        } catch let failure as ConnectionFailure {
            throw .transport(failure)
        } catch {
            throw .listen(address, "\(error)")
        }
    }

    /// From now on a peer is called at another address.
    func setAddress(_ address: NodeAddress, of peer: NodeID) {
        core.eventLoop.execute { [core] in core.setAddress(address, of: peer) }
    }

    /// Says goodbye on every connection, waits a moment until that was read, and ends. To be called once.
    func stop() async { await end { $0.closeAll() } }

    /// Ends as a process that dies: without a word.
    func abandon() async { await end { $0.abandonAll() } }

    private func end(_ close: @escaping @Sendable (TransportCore) -> EventLoopFuture<Void>) async {
        let closed = core.eventLoop.flatSubmit { [core] in close(core) }
        // What does not end by itself ends with its event loop.
        let limit = core.eventLoop.scheduleTask(in: .seconds(1)) {}
        let first = core.eventLoop.makePromise(of: Void.self)
        closed.whenComplete { _ in first.succeed() }
        limit.futureResult.whenComplete { _ in first.succeed() }
        try? await first.futureResult.get()
        limit.cancel()
        try? await group.shutdownGracefully()
    }

    /// Bytes that wait to be sent to a peer.
    func waitingBytes(_ peer: NodeID, _ traffic: TrafficClass) -> Int {
        gauges[Route(peer: peer, traffic: traffic)]?.waitingBytes ?? 0
    }
}

/// What the transport tells the node; called on its event loop.
struct TransportEvents: Sendable {
    /// A connection to a node, of this life of it, has come about.
    let connected: @Sendable (NodeID, UInt64) -> Void
    /// A node seems to have died.
    let lost: @Sendable (NodeID) -> Void
    /// Messages have come; the closure is to be called when they have been taken in.
    let received: @Sendable ([StoreMessage], @escaping @Sendable () -> Void) -> Void
    /// A connection did not come about, or was given up; with the node, where that is known.
    let failed: @Sendable (NodeID?, ConnectionFailure) -> Void
}
