internal import FoundationEssentials
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOSSL

/// The certificate that HTTP clients are shown, read from its files again whenever they have changed: who connects after
/// that sees the new one, and connections that are there go on.
///
/// Files that cannot be used, being half replaced perhaps, are no reason to turn clients away: the last good ones are
/// shown until better ones come, and the log tells what is wrong, once.
final class ServerCertificate: Sendable {
    private struct Contents: Equatable {
        let chain: Data
        let key: Data
    }

    /// A chain and the key that belongs to it.
    struct Identity: Equatable {
        let chain: [NIOSSLCertificateSource]
        let key: NIOSSLPrivateKeySource

        fileprivate var handshake: NIOSSLContextConfigurationOverride {
            var handshake = NIOSSLContextConfigurationOverride()
            handshake.certificateChain = chain
            handshake.privateKey = key
            return handshake
        }
    }

    private struct State {
        var contents: Contents
        var identity: Identity
        var problem: String?
    }

    private let files: HTTPOptions.TLSFiles
    private let logger: Logger
    private let state: NIOLockedValueBox<State>

    /// Reads the files.
    ///
    /// - Throws: Where they do not hold a certificate and its key: there is nothing yet to be shown instead.
    init(_ files: HTTPOptions.TLSFiles, logger: Logger) throws {
        self.files = files
        self.logger = logger
        let contents = try Self.read(files)
        state = NIOLockedValueBox(State(contents: contents, identity: try Self.identity(contents)))
    }

    /// How to speak TLS: each handshake asks for the certificate that is current then.
    func configuration() throws -> TLSConfiguration {
        var configuration = Self.configuration(of: state.withLockedValue { $0.identity })
        configuration.sslContextCallback = { [self] _, promise in promise.succeed(current().handshake) }
        return configuration
    }

    /// What to show now.
    func current() -> Identity {
        state.withLockedValue { state in
            do {
                let found = try Self.read(files)
                guard found != state.contents else {
                    state.problem = nil
                    return state.identity
                }
                state.identity = try Self.identity(found)
                (state.contents, state.problem) = (found, nil)
                logger.notice("certificate files for HTTP were read again")
            } catch {
                let problem = "\(error)"
                if state.problem != problem {
                    logger.error(
                        "the certificate files for HTTP have changed and cannot be used; the last good ones are",
                        metadata: ["why": "\(problem)"]
                    )
                }
                state.problem = problem
            }
            return state.identity
        }
    }

    private static func read(_ files: HTTPOptions.TLSFiles) throws -> Contents {
        Contents(
            chain: try Data(contentsOf: URL(filePath: files.certificateChain)),
            key: try Data(contentsOf: URL(filePath: files.privateKey))
        )
    }

    private static func identity(_ contents: Contents) throws -> Identity {
        let identity = Identity(
            chain: try NIOSSLCertificate.fromPEMBytes([UInt8](contents.chain)).map { .certificate($0) },
            key: .privateKey(try NIOSSLPrivateKey(bytes: [UInt8](contents.key), format: .pem))
        )
        // Finds out whether they belong together.
        _ = try NIOSSLContext(configuration: configuration(of: identity))
        return identity
    }

    private static func configuration(of identity: Identity) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: identity.chain,
            privateKey: identity.key
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        return configuration
    }
}
