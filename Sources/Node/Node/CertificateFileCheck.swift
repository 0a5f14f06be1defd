internal import Glibc
internal import NIOSSL

/// Looks into files of certificates as connections will, so that a node does not begin with what it cannot use.
public enum CertificateFileCheck {
    /// Which of the files.
    public enum File: Hashable, Sendable {
        /// The certificate, with those that lead to its authority.
        case certificate
        /// The key of the certificate.
        case key
        /// Whom to trust.
        case authority
    }

    /// A rule that a file breaks.
    public struct Fault: Hashable, Sendable {
        /// The file.
        public let file: File
        /// The rule, with the file's path.
        public let rule: String
    }

    /// What keeps files from being used; empty where nothing does.
    ///
    /// - Parameters:
    ///   - certificate: The path of the certificate.
    ///   - key: The path of its key.
    ///   - authority: The path of the authority's certificate, where others are asked for theirs.
    public static func faults(certificate: String, key: String, authority: String? = nil) -> [Fault] {
        var faults: [Fault] = []
        func read<Value>(_ file: File, _ path: String, _ what: String, _ load: (String) throws -> Value) -> Value? {
            if let value = try? load(path) { return value }
            let rule = access(path, R_OK) == 0 ? "\(path) holds no \(what)" : "\(path) cannot be read"
            faults.append(Fault(file: file, rule: rule))
            return nil
        }
        let chain = read(.certificate, certificate, "certificate as PEM") { try NIOSSLCertificate.fromPEMFile($0) }
        let ownKey = read(.key, key, "key as PEM") { try NIOSSLPrivateKey(file: $0, format: .pem) }
        if let authority {
            _ = read(.authority, authority, "certificate as PEM") { try NIOSSLCertificate.fromPEMFile($0) }
        }
        guard let chain, let ownKey else { return faults }
        let pair = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(ownKey)
        )
        if (try? NIOSSLContext(configuration: pair)) == nil {
            faults.append(Fault(file: .key, rule: "\(key) does not belong to the certificate in \(certificate)"))
        }
        return faults
    }
}
