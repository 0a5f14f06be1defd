import FoundationEssentials
import GalaCertificates
import NIOCore
import NIOPosix
import NIOSSL

/// Calls a node at its port for other nodes, with TLS, as somebody who may not.
struct PeerCaller {
    /// What the caller shows.
    enum Identity {
        /// Node 2's certificate, from the cluster's own authority.
        case valid
        /// One for node 2, from the cluster's own authority, which was good until some years ago.
        case expired
        /// One for node 2, from another authority.
        case foreign
    }

    private let host: String
    private let port: Int
    private let context: NIOSSLContext

    init(_ target: Target, _ identity: Identity?) throws {
        host = target.host
        port = target.peerPort
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        if let identity {
            let files = try Self.files(identity, target)
            configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(files.certificate).map {
                .certificate($0)
            }
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: files.key, format: .pem))
        }
        context = try NIOSSLContext(configuration: configuration)
    }

    private static func files(_ identity: Identity, _ target: Target) throws -> NodeCertificateFiles {
        let security = "\(target.directory)/security"
        switch identity {
        case .valid:
            return try CertificateAuthority.open(in: security).issue(node: 2, in: "\(security)/abuse-valid")
        case .expired:
            let longAgo = Date() - 4 * 365 * 86_400
            return try CertificateAuthority.open(in: security)
                .issue(node: 2, in: "\(security)/abuse-expired", now: longAgo)
        case .foreign:
            let foreign = "\(security)/abuse-foreign"
            return try CertificateAuthority.create(in: foreign).issue(node: 2, in: foreign)
        }
    }

    /// Says something, and returns whether the node has closed in time, and what was seen of it.
    func call(_ bytes: [UInt8], patience: TimeAmount) async throws -> (isClosed: Bool, reason: String) {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        let ended = eventLoop.makePromise(of: String.self)
        let context = context
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: eventLoop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let tls = try NIOSSLClientHandler(context: context, serverHostname: nil)
                        try channel.pipeline.syncOperations.addHandlers([tls, Ear(bytes, ended)])
                    }
                }
                .connect(host: host, port: port).get()
        } catch {
            ended.succeed("refused")
            return (true, "refused")
        }
        let alarm = eventLoop.scheduleTask(in: patience) { ended.succeed("") }
        let reason = try await ended.futureResult.get()
        alarm.cancel()
        try? await channel.close()
        return (!reason.isEmpty, reason)
    }
}

/// Says something once TLS is there, and hears until the end.
private final class Ear: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let bytes: [UInt8]
    private let ended: EventLoopPromise<String>
    private var heardBytes = 0
    private var failure: String?

    init(_ bytes: [UInt8], _ ended: EventLoopPromise<String>) {
        self.bytes = bytes
        self.ended = ended
    }

    func channelActive(context: ChannelHandlerContext) {
        guard !bytes.isEmpty else { return }
        context.writeAndFlush(NIOAny(context.channel.allocator.buffer(bytes: bytes)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { heardBytes += unwrapInboundIn(data).readableBytes }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = "\(error)"
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let why = failure.map { ", TLS says: \($0.prefix(80))" } ?? ""
        ended.succeed("closed after \(heardBytes) bytes\(why)")
    }
}
