internal import GalaCertificates
internal import KVStore
internal import NIOCore
internal import NIOSSL
internal import NIOTLS
internal import Raft

/// One connection between nodes, on either side of it: greets, takes frames in, and says how it ended.
///
///     securing ──TLS──▶ greeting ──agreement──▶ open ──goodbye, loss, failure──▶ over
///
/// The side that calls says hello first and checks whom it has reached before; the side that is called answers once it
/// knows what the connection is for. From then on messages flow from the caller only; the way back carries no more than
/// the word that it is over.
///
/// Confined to its event loop, as all of the transport.
final class PeerConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// Which side of the connection this is.
    enum Role {
        /// This side has called that node.
        case caller(NodeID, TrafficClass)
        /// This side was called.
        case called
    }

    enum Phase {
        case securing
        case greeting
        case open(Handshake.Agreement)
        case over
    }

    let role: Role
    let began = NIODeadline.now()
    private(set) var phase: Phase
    private(set) var lastHeard = NIODeadline.now()
    private(set) var isPaused = false
    private(set) var channel: (any Channel)?
    private(set) var remoteAddress: SocketAddress?
    let inboundGauge: InboundGauge

    private let identity: NodeIdentity
    /// Holds this connection until its end, and is held by it until then.
    private let owner: any PeerConnectionOwner
    private let isSecure: Bool
    private let counters: NodeCounters
    private var decoder = FrameDecoder()
    private var encoder = FrameEncoder()
    private var messages: [StoreMessage] = []
    private var messageBytes = 0

    init(
        _ role: Role,
        _ identity: NodeIdentity,
        isSecure: Bool,
        owner: any PeerConnectionOwner,
        inbound: InboundGauge,
        counters: NodeCounters
    ) {
        self.role = role
        self.identity = identity
        self.isSecure = isSecure
        self.owner = owner
        inboundGauge = inbound
        self.counters = counters
        phase = isSecure ? .securing : .greeting
    }

    /// Who is on the other side, once both agree.
    var agreement: Handshake.Agreement? { if case .open(let agreement) = phase { agreement } else { nil } }

    /// True until both sides agree, or the end.
    var isGreeting: Bool {
        switch phase {
        case .securing, .greeting: true
        case .open, .over: false
        }
    }

    // MARK: Sending

    /// Sends messages, in as few frames as fit, and hands them to the system at once.
    ///
    /// - Parameter completion: Is told whether the system has taken them.
    /// - Returns: How many messages could be sent at all.
    func send(_ outgoing: [StoreMessage], completion: EventLoopPromise<Void>) -> Int {
        guard case .open = phase, let channel else {
            completion.fail(ChannelError.ioOnClosedChannel)
            return 0
        }
        var sent = 0
        for message in outgoing {
            do throws(FieldError) {
                try encoder.append(message)
                sent += 1
            } catch {
                owner.cannotSend(error)
            }
        }
        let bytes = encoder.takeBytes()
        counters.bytesSent.add(bytes.count)
        counters.flushes.add(1)
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: completion)
        return sent
    }

    // MARK: The end

    /// Closes in order: says so first, so that nobody takes this process for dead.
    func close() {
        if case .open = phase { encoder.appendGoodbye() }
        end(.closed)
    }

    /// Gives the connection up, and says why where that may be read.
    func fail(_ failure: ConnectionFailure) {
        if let notice = failure.notice, channel?.isActive == true {
            if case .securing = phase {} else { encoder.append(notice) }
        }
        end(.failed(failure))
    }

    /// Ends without a word, as a process that dies.
    func abandon() {
        phase = .over
        channel?.close(mode: .all, promise: nil)
    }

    private func end(_ end: ConnectionEnd) {
        if case .over = phase { return }
        let before = agreement
        phase = .over
        messages = []
        if let channel {
            let last = encoder.takeBytes()
            if last.isEmpty {
                channel.close(mode: .all, promise: nil)
            } else {
                channel.writeAndFlush(ByteBuffer(bytes: last), promise: nil)
                channel.close(mode: .all, promise: nil)
            }
        }
        owner.ended(self, end, agreement: before)
    }

    // MARK: Events of the channel

    func handlerAdded(context: ChannelHandlerContext) {
        channel = context.channel
        if context.channel.isActive { remoteAddress = context.channel.remoteAddress }
    }

    func handlerRemoved(context: ChannelHandlerContext) { channel = nil }

    func channelActive(context: ChannelHandlerContext) {
        remoteAddress = context.channel.remoteAddress
        switch phase {
        case .securing, .open: break
        case .greeting: greet()
        // It was given up before there was anything to close.
        case .over: context.close(promise: nil)
        }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .securing = phase, case .handshakeCompleted? = event as? TLSUserEvent {
            phase = .greeting
            greet()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .over = phase { return }
        let buffer = unwrapInboundIn(data)
        counters.bytesReceived.add(buffer.readableBytes)
        do throws(FrameError) {
            try buffer.withBytes { bytes throws(FrameError) in
                var rest = bytes[...]
                while let frame = try decoder.next(&rest) {
                    lastHeard = .now()
                    take(frame)
                    if case .over = phase { return }
                }
            }
        } catch {
            fail(.frame(error))
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        deliver()
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deliver()
        switch phase {
        case .securing: end(.failed(.notTrusted("the connection ended during the TLS handshake")))
        case .greeting: end(.failed(.closedEarly))
        case .open: end(.lost)
        case .over: break
        }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        deliver()
        switch phase {
        case .securing: end(.failed(.notTrusted("\(error)")))
        // The caller's side of TLS is done before the called side has looked at the caller's certificate.
        case .greeting: end(.failed(isSecure ? .notTrusted("\(error)") : .closedEarly))
        case .open: end(.lost)
        case .over: context.close(promise: nil)
        }
    }

    // MARK: Greeting

    private func greet() {
        guard case .caller(let node, let traffic) = role else { return }
        guard names(node) else { return fail(.otherCertificate(names: peerNames, node: node)) }
        sendHello(traffic)
    }

    private func sendHello(_ traffic: TrafficClass) {
        encoder.append(identity.hello(traffic))
        channel?.writeAndFlush(ByteBuffer(bytes: encoder.takeBytes()), promise: nil)
    }

    private func agree(_ frame: Frame) {
        do throws(HandshakeError) {
            let agreement: Handshake.Agreement
            switch role {
            case .caller(let node, let traffic):
                var handshake = Handshake(identity.hello(traffic), expecting: node)
                agreement = try handshake.receive(frame)
            case .called:
                guard case .hello(let peer) = frame else {
                    var handshake = Handshake(identity.hello(.consensus), expecting: nil)
                    agreement = try handshake.receive(frame)
                    break
                }
                var handshake = Handshake(identity.hello(peer.traffic), expecting: nil)
                agreement = try handshake.receive(frame)
                guard names(peer.node) else { return fail(.otherCertificate(names: peerNames, node: peer.node)) }
                guard owner.knows(peer.node) else { return fail(.stranger(peer.node)) }
                sendHello(peer.traffic)
            }
            decoder.accept(version: agreement.version)
            encoder = FrameEncoder(version: agreement.version)
            phase = .open(agreement)
            owner.opened(self, agreement)
        } catch {
            fail(.handshake(error))
        }
    }

    private var peerNames: [String] {
        guard let certificate = try? channel?.pipeline.syncOperations.nioSSL_peerCertificate(),
            let bytes = try? certificate.toDERBytes()
        else { return [] }
        return NodeCertificate.hostNames(in: bytes)
    }

    private func names(_ node: NodeID) -> Bool {
        !isSecure || peerNames.contains(NodeCertificate.name(of: node.rawValue))
    }

    // MARK: Frames

    private func take(_ frame: Frame) {
        guard case .open(let agreement) = phase else { return agree(frame) }
        switch frame {
        case .messages(let batch):
            guard case .called = role else { return fail(.unexpectedFrame) }
            take(batch, from: agreement.peer.node)
        case .goodbye:
            deliver()
            end(.goodbye)
        case .error(let error): fail(.refused(error))
        case .hello, .request, .reply: fail(.unexpectedFrame)
        }
    }

    private func take(_ batch: MessageBatch, from peer: NodeID) {
        var batch = batch
        messageBytes += batch.remainingBytes
        do throws(FieldError) {
            while let message = try batch.next() {
                guard message.from == peer, message.to == identity.node else {
                    return fail(.misaddressed(from: message.from, to: message.to))
                }
                messages.append(message)
            }
        } catch {
            fail(.message(error))
        }
    }

    /// Hands over what was read in one go, and stops reading while the loop has too much to do.
    private func deliver() {
        if messages.isEmpty { return }
        let batch = messages
        let bytes = messageBytes
        messages = []
        messageBytes = 0
        counters.messagesReceived.add(batch.count)
        if batch[0].traffic == .bulk { counters.snapshotBytesReceived.add(bytes) }
        if inboundGauge.add(bytes) { pause(true) }
        owner.received(batch, bytes: bytes, on: self)
    }

    /// The loop has done what it was given: reading may go on.
    func resume() {
        lastHeard = .now()
        pause(false)
    }

    private func pause(_ pauses: Bool) {
        isPaused = pauses
        channel?.setOption(.autoRead, value: !pauses).whenFailure { _ in }
    }
}

/// Who a node is, to others.
struct NodeIdentity: Sendable {
    let cluster: ClusterID
    let node: NodeID
    let incarnation: UInt64

    func hello(_ traffic: TrafficClass) -> Hello {
        Hello(cluster: cluster, node: node, incarnation: incarnation, traffic: traffic)
    }
}

/// What a connection tells the transport.
protocol PeerConnectionOwner: AnyObject {
    /// True for a node of the cluster.
    func knows(_ node: NodeID) -> Bool
    /// Both sides agree.
    func opened(_ connection: PeerConnection, _ agreement: Handshake.Agreement)
    /// Messages came, in this order.
    func received(_ messages: [StoreMessage], bytes: Int, on connection: PeerConnection)
    /// A message is longer than others accept; it is not sent.
    func cannotSend(_ error: FieldError)
    /// It is over; told once.
    func ended(_ connection: PeerConnection, _ end: ConnectionEnd, agreement: Handshake.Agreement?)
}

extension ByteBuffer {
    /// The bytes to read. The library's own way to them has no typed errors.
    fileprivate func withBytes<E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> Void) throws(E) {
        let failure: E? = withUnsafeReadableBytes { bytes in
            do throws(E) {
                try body(bytes)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }
}
