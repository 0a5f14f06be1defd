internal import GalaCertificates
internal import KVStore
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Raft

/// The transport on its event loop: who is connected, who is to be called, and who is turned away.
///
/// It is confined to `eventLoop`, which every entry checks; that is why it may be named from other threads.
final class TransportCore: @unchecked Sendable {
    let eventLoop: any EventLoop
    private let cluster: ClusterID
    private let node: NodeID
    private let options: TransportOptions
    private let isSecure: Bool
    private let credentials: Credentials?
    private let counters: NodeCounters
    private let logger: Logger
    private var refusals: RefusalLog

    private var addresses: [NodeID: NodeAddress]
    private let links: [Transport.Route: OutgoingLink]
    /// In the order in which they came.
    private var incoming: [PeerConnection] = []
    /// How many incoming connections hold a descriptor.
    private var openChannels = 0
    private var lives: [NodeID: PeerLife] = [:]
    private var identity: NodeIdentity?
    private var events: TransportEvents?
    private var listener: (any Channel)?
    private var sweeping: RepeatedTask?
    private var isEnding = false

    /// Which life of a peer's process was met last, and whether its death was told.
    private struct PeerLife {
        let incarnation: UInt64
        var isLost = false
    }

    init(
        eventLoop: any EventLoop,
        cluster: ClusterID,
        node: NodeID,
        peers: [NodeID: NodeAddress],
        gauges: [Transport.Route: QueueGauge],
        security: TransportSecurity,
        options: TransportOptions,
        entropy: any EntropySource & Sendable,
        counters: NodeCounters,
        logger: Logger
    ) {
        self.eventLoop = eventLoop
        self.cluster = cluster
        self.node = node
        self.options = options
        self.counters = counters
        self.logger = logger
        refusals = RefusalLog(logger, linesPerMinute: options.refusalLinesPerMinute)
        addresses = peers
        var links: [Transport.Route: OutgoingLink] = [:]
        for (route, gauge) in gauges {
            links[route] = OutgoingLink(
                route.peer,
                route.traffic,
                gauge: gauge,
                options: options,
                entropy: entropy,
                counters: counters
            )
        }
        self.links = links
        switch security {
        case .mutualTLS(let files):
            isSecure = true
            credentials = Credentials(files)
        case .plaintextForTests:
            isSecure = false
            credentials = nil
        }
        credentials?.onReload = { [logger] problem in
            if let problem {
                logger.error(
                    "changed certificate files cannot be used; the old ones stay",
                    metadata: ["why": "\(problem)"]
                )
            } else {
                logger.notice("certificate files were read again")
            }
        }
    }

    // MARK: Beginning and end

    /// Listens; the port is what comes back.
    func start(_ address: NodeAddress, incarnation: UInt64, events: TransportEvents) -> EventLoopFuture<Int> {
        eventLoop.preconditionInEventLoop()
        identity = NodeIdentity(cluster: cluster, node: node, incarnation: incarnation)
        self.events = events
        do {
            _ = try credentials?.current()
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
        let interval = TimeAmount.nanoseconds(max(10_000_000, options.greetingTimeout.nanoseconds / 10))
        sweeping = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { [weak self] _ in
            self?.sweep()
        }
        return ServerBootstrap(group: eventLoop)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { [self] channel in
                eventLoop.makeCompletedFuture { try accept(channel) }
            }
            .bind(host: address.host, port: address.port)
            .map { [self] channel in
                listener = channel
                return channel.localAddress?.port ?? address.port
            }
    }

    func setAddress(_ address: NodeAddress, of peer: NodeID) {
        eventLoop.preconditionInEventLoop()
        addresses[peer] = address
        for traffic in TrafficClass.allCases { links[Transport.Route(peer: peer, traffic: traffic)]?.peerIsBack() }
    }

    /// Closes everything in order.
    func closeAll() -> EventLoopFuture<Void> { endAll { $0.close() } }

    /// Closes everything without a word.
    func abandonAll() -> EventLoopFuture<Void> { endAll { $0.abandon() } }

    private func endAll(_ end: (PeerConnection) -> Void) -> EventLoopFuture<Void> {
        eventLoop.preconditionInEventLoop()
        isEnding = true
        sweeping?.cancel()
        let connections = incoming + links.values.compactMap(\.connection)
        var channels = connections.compactMap(\.channel)
        for connection in connections { end(connection) }
        if let listener {
            channels.append(listener)
            listener.close(promise: nil)
        }
        return EventLoopFuture.andAllComplete(channels.map(\.closeFuture), on: eventLoop)
    }

    // MARK: Sending

    func send(_ parcels: [Transport.Parcel]) {
        eventLoop.preconditionInEventLoop()
        for parcel in parcels {
            guard !isEnding, identity != nil, let link = links[parcel.route] else {
                counters.messagesDropped.add(parcel.messages.count)
                links[parcel.route]?.gauge.release(parcel.bytes)
                continue
            }
            if link.send(parcel.messages, bytes: parcel.bytes) { call(link) }
        }
    }

    private func call(_ link: OutgoingLink) {
        guard let identity, let address = addresses[link.peer] else { return link.ended() }
        let context: NIOSSLContext?
        do throws(ConnectionFailure) {
            context = try credentials?.current().client
        } catch {
            return callFailed(link, error)
        }
        let connection = PeerConnection(
            .caller(link.peer, link.traffic),
            identity,
            isSecure: isSecure,
            owner: self,
            inbound: InboundGauge(limit: options.inboundBytes),
            counters: counters
        )
        link.calling(by: connection)
        let moved = Moved((link, connection, context))
        ClientBootstrap(group: eventLoop)
            .connectTimeout(.nanoseconds(options.greetingTimeout.nanoseconds))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(
                .tcpOption(Self.userTimeout),
                value: Int(options.stallTimeout.nanoseconds / 1_000_000)
            )
            .channelInitializer { [eventLoop] channel in
                eventLoop.makeCompletedFuture {
                    let (_, connection, context) = moved.value
                    let pipeline = channel.pipeline.syncOperations
                    if let context {
                        try pipeline.addHandler(try NIOSSLClientHandler(context: context, serverHostname: nil))
                    }
                    try pipeline.addHandler(connection)
                }
            }
            .connect(host: address.host, port: address.port)
            .whenFailure { [self] error in
                let (link, connection, _) = moved.value
                if link.connection === connection { callFailed(link, .unreachable("\(address): \(error)")) }
            }
    }

    /// `TCP_USER_TIMEOUT`: how long sent data may go without an acknowledgement.
    private static let userTimeout = NIOBSDSocket.Option(rawValue: 18)

    private func callFailed(_ link: OutgoingLink, _ failure: ConnectionFailure) {
        counters.connectFailures.add(1)
        if link.lastFailure != failure {
            logger.warning(
                "cannot connect to a peer; it is tried again and again",
                metadata: ["peer": "\(link.peer)", "traffic": "\(link.traffic)", "why": "\(failure)"]
            )
        }
        link.lastFailure = failure
        link.ended()
        events?.failed(link.peer, failure)
    }

    // MARK: Being called

    private func accept(_ channel: any Channel) throws {
        guard let identity, !isEnding else { throw ConnectionFailure.tooMany }
        // A connection that was given up may take a while until it is closed.
        guard openChannels < 2 * options.maxConnections else {
            refused(nil, .tooMany, from: channel.remoteAddress)
            throw ConnectionFailure.tooMany
        }
        openChannels += 1
        channel.closeFuture.assumeIsolated().whenComplete { [self] _ in openChannels -= 1 }
        if incoming.count >= options.maxConnections {
            // Who means it well has introduced himself long ago, or will have in a moment: the slowest goes first.
            guard let slowest = incoming.first(where: \.isGreeting) else {
                refused(nil, .tooMany, from: channel.remoteAddress)
                throw ConnectionFailure.tooMany
            }
            slowest.fail(.tooMany)
        }
        let connection = PeerConnection(
            .called,
            identity,
            isSecure: isSecure,
            owner: self,
            inbound: InboundGauge(limit: options.inboundBytes),
            counters: counters
        )
        let pipeline = channel.pipeline.syncOperations
        if let credentials {
            try pipeline.addHandler(NIOSSLServerHandler(context: try credentials.current().server))
        }
        try pipeline.addHandler(connection)
        incoming.append(connection)
    }

    private func refused(_ peer: NodeID?, _ failure: ConnectionFailure, from address: SocketAddress?) {
        counters.refused.add(1)
        refusals.note(
            "a connection was turned away",
            metadata: [
                "from": "\(address.map { "\($0)" } ?? "unknown")", "why": "\(failure)",
                "peer": "\(peer.map { "\($0)" } ?? "unknown")",
            ]
        )
        events?.failed(peer, failure)
    }

    // MARK: Time

    /// Ends what has taken too long.
    private func sweep() {
        let now = NIODeadline.now()
        func isOver(_ since: NIODeadline, _ limit: Duration) -> Bool { now - since >= .nanoseconds(limit.nanoseconds) }
        for connection in incoming {
            if connection.isGreeting {
                if isOver(connection.began, options.greetingTimeout) { connection.fail(.greetingTimedOut) }
                continue
            }
            guard let agreement = connection.agreement, !connection.isPaused else { continue }
            // Who has called closes an idle connection for snapshots himself, and should be first.
            let limit = agreement.peer.traffic == .consensus ? options.silenceTimeout : options.bulkIdleTimeout * 2
            if isOver(connection.lastHeard, limit) { connection.fail(.silent) }
        }
        for link in links.values {
            guard let connection = link.connection else { continue }
            if connection.isGreeting {
                if isOver(connection.began, options.greetingTimeout) { connection.fail(.greetingTimedOut) }
            } else if link.isStalled(at: now) {
                connection.fail(.stalled)
            } else if link.traffic != .consensus, isOver(link.lastSent, options.bulkIdleTimeout) {
                connection.close()
            }
        }
    }

    // MARK: Lives of peers

    private func met(_ peer: NodeID, _ incarnation: UInt64) {
        lives[peer] = PeerLife(incarnation: incarnation)
        events?.connected(peer, incarnation)
    }

    /// Tells a death once, and not that of a life which a newer one has followed.
    private func lost(_ peer: NodeID, _ incarnation: UInt64) {
        counters.connectionsLost.add(1)
        guard let life = lives[peer], life.incarnation == incarnation, !life.isLost else { return }
        lives[peer]?.isLost = true
        logger.warning("a peer's connection broke: its process seems to have died", metadata: ["peer": "\(peer)"])
        events?.lost(peer)
    }
}

extension TransportCore: PeerConnectionOwner {
    func knows(_ node: NodeID) -> Bool { addresses[node] != nil }

    func opened(_ connection: PeerConnection, _ agreement: Handshake.Agreement) {
        let peer = agreement.peer
        switch connection.role {
        case .caller(let node, let traffic):
            counters.connects.add(1)
            logger.debug("connected to a peer", metadata: ["peer": "\(node)", "traffic": "\(traffic)"])
            met(peer.node, peer.incarnation)
            links[Transport.Route(peer: node, traffic: traffic)]?.opened()
        case .called:
            counters.accepted.add(1)
            // A peer that has called again does not use the connection before any more.
            let older = incoming.first {
                $0 !== connection && $0.agreement?.peer.node == peer.node && $0.agreement?.peer.traffic == peer.traffic
            }
            older?.close()
            met(peer.node, peer.incarnation)
            for traffic in TrafficClass.allCases {
                links[Transport.Route(peer: peer.node, traffic: traffic)]?.peerIsBack()
            }
        }
    }

    func received(_ messages: [StoreMessage], bytes: Int, on connection: PeerConnection) {
        guard let events else { return }
        let gauge = connection.inboundGauge
        let moved = Moved(connection)
        events.received(messages) { [eventLoop] in
            if gauge.remove(bytes) { eventLoop.execute { moved.value.resume() } }
        }
    }

    func cannotSend(_ error: FieldError) {
        logger.error("a message exceeds what other nodes accept, and was dropped", metadata: ["why": "\(error)"])
    }

    func ended(_ connection: PeerConnection, _ end: ConnectionEnd, agreement: Handshake.Agreement?) {
        let address = connection.remoteAddress
        let peer = agreement?.peer
        switch connection.role {
        case .called:
            incoming.removeAll { $0 === connection }
            if case .failed(let failure) = end { refused(peer?.node, failure, from: address) }
        case .caller(let node, let traffic):
            guard let link = links[Transport.Route(peer: node, traffic: traffic)], link.connection === connection else {
                break
            }
            if case .failed(let failure) = end { callFailed(link, failure) } else { link.ended() }
        }
        if case .lost = end, let peer, !isEnding { lost(peer.node, peer.incarnation) }
    }
}
