internal import GalaCertificates
internal import NIOSSL

/// What a node shows to others and trusts in, read from its files again whenever they have changed.
///
/// Files that cannot be used, being half replaced perhaps, are no reason to lose what worked: the last good ones stay in
/// use until better ones come. Confined to one event loop.
final class Credentials {
    private let files: NodeCertificateFiles
    private var contents: NodeCertificateFiles.Contents?
    private var contexts: Contexts?
    /// What is wrong with the files now, so that it is told once.
    private var problem: String?
    /// Is told when changed files were read, and what was wrong with them.
    var onReload: (String?) -> Void = { _ in }

    struct Contexts {
        let client: NIOSSLContext
        let server: NIOSSLContext
    }

    init(_ files: NodeCertificateFiles) { self.files = files }

    /// What is good for new connections now.
    func current() throws(ConnectionFailure) -> Contexts {
        do {
            let found = try files.contents()
            if let contexts, found == contents { return contexts }
            let loaded = try Self.contexts(found)
            if contexts != nil { onReload(nil) }
            (contents, contexts, problem) = (found, loaded, nil)
            return loaded
        } catch {
            guard let contexts else { throw .noCredentials("\(error)") }
            if problem != "\(error)" { onReload("\(error)") }
            problem = "\(error)"
            return contexts
        }
    }

    private static func contexts(_ files: NodeCertificateFiles.Contents) throws -> Contexts {
        let chain = try NIOSSLCertificate.fromPEMBytes(files.certificate).map {
            NIOSSLCertificateSource.certificate($0)
        }
        let key = NIOSSLPrivateKeySource.privateKey(try NIOSSLPrivateKey(bytes: files.key, format: .pem))
        let authority = NIOSSLTrustRoots.certificates(try NIOSSLCertificate.fromPEMBytes(files.authority))
        var server = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: key)
        var client = TLSConfiguration.makeClientConfiguration()
        client.certificateChain = chain
        client.privateKey = key
        // Whom a certificate belongs to is looked at on both sides alike, once the other side has said who it is.
        client.certificateVerification = .noHostnameVerification
        server.certificateVerification = .noHostnameVerification
        client.trustRoots = authority
        server.trustRoots = authority
        client.minimumTLSVersion = .tlsv13
        server.minimumTLSVersion = .tlsv13
        return Contexts(
            client: try NIOSSLContext(configuration: client),
            server: try NIOSSLContext(configuration: server)
        )
    }
}
