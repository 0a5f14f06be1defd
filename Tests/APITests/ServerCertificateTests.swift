import Foundation
import GalaCertificates
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Testing

@testable import API

/// Certificates for HTTP that are replaced while the server runs.
@Suite(.timeLimit(.minutes(1))) struct ServerCertificateTests {
    @Test func filesThatHaveChangedAreShownToWhoConnectsAfterwards() async throws {
        try await Files.with { files in
            let (first, second) = (try files.issue(1), try files.issue(2))
            try files.put(first)
            try await withServer(files.tls) { port in
                #expect(try await shown(port) == first.node)
                try files.put(second)
                #expect(try await shown(port) == second.node)
            }
        }
    }

    @Test func filesThatCannotBeUsedLeaveTheLastGoodOnesInUse() async throws {
        try await Files.with { files in
            let (first, second) = (try files.issue(1), try files.issue(2))
            try files.put(first)
            let certificate = try ServerCertificate(files.tls, logger: Self.logger)
            let good = certificate.current()

            try files.put(second.certificate, first.key)
            #expect(certificate.current() == good)
            try files.put(Data("nothing".utf8), first.key)
            #expect(certificate.current() == good)
            try files.remove()
            #expect(certificate.current() == good)

            try files.put(second)
            #expect(certificate.current().chain != good.chain)
            #expect(certificate.current().key != good.key)
        }
    }

    @Test func aServerDoesNotStartWithFilesThatCannotBeUsed() async throws {
        try await Files.with { files in
            let (first, second) = (try files.issue(1), try files.issue(2))
            #expect(throws: (any Error).self) { try ServerCertificate(files.tls, logger: Self.logger) }
            try files.put(second.certificate, first.key)
            #expect(throws: (any Error).self) { try ServerCertificate(files.tls, logger: Self.logger) }
        }
    }

    private static let logger = Logger(label: "test") { JSONLogHandler(label: $0, level: .critical) }

    /// Runs a server that speaks TLS for as long as the script.
    private func withServer(
        _ tls: HTTPOptions.TLSFiles,
        _ script: @Sendable (Int) async throws -> Void
    ) async throws {
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let server = try await TestServer(HTTPOptions(host: "127.0.0.1", port: 0, tls: tls)) { port.yield($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.service.run() }
            var arrived = ports.makeAsyncIterator()
            try await script(try #require(await arrived.next()))
            group.cancelAll()
            try? await group.waitForAll()
        }
    }

    /// The node that the certificate names which a new connection is shown.
    private func shown(_ port: Int) async throws -> String? {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .noHostnameVerification
        let context = try NIOSSLContext(configuration: configuration)
        let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        let seen = eventLoop.makePromise(of: [UInt8].self)
        let channel = try await ClientBootstrap(group: eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = try NIOSSLClientHandler(
                        context: context,
                        serverHostname: nil,
                        customVerificationCallback: { certificates, verdict in
                            seen.completeWith(Result { try certificates[0].toDERBytes() })
                            verdict.succeed(.certificateVerified)
                        }
                    )
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        let certificate = try await seen.futureResult.get()
        try await channel.close()
        return NodeCertificate.hostNames(in: certificate).first
    }
}

/// A directory with an authority, and the two files of a server.
private struct Files {
    struct Issued {
        let node: String
        let certificate: Data
        let key: Data
    }

    let directory: String
    let tls: HTTPOptions.TLSFiles

    static func with(_ script: (Files) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.path + "/" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let tls = HTTPOptions.TLSFiles(
            certificateChain: directory + "/server.pem",
            privateKey: directory + "/server.key"
        )
        _ = try CertificateAuthority.create(in: directory)
        try await script(Files(directory: directory, tls: tls))
    }

    func issue(_ node: UInt64) throws -> Issued {
        let files = try CertificateAuthority.open(in: directory).issue(node: node, in: directory).contents()
        return Issued(
            node: NodeCertificate.name(of: node),
            certificate: Data(files.certificate),
            key: Data(files.key)
        )
    }

    func put(_ issued: Issued) throws { try put(issued.certificate, issued.key) }

    func put(_ certificate: Data, _ key: Data) throws {
        try certificate.write(to: URL(filePath: tls.certificateChain))
        try key.write(to: URL(filePath: tls.privateKey))
    }

    func remove() throws {
        for path in [tls.certificateChain, tls.privateKey] { try FileManager.default.removeItem(atPath: path) }
    }
}
