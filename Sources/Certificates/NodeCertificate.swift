internal import SwiftASN1
internal import X509

/// Where a node finds who it is, and whom it trusts: PEM files.
public struct NodeCertificateFiles: Hashable, Sendable {
    /// The node's certificate.
    public let certificate: String
    /// The key that belongs to it.
    public let key: String
    /// The certificate of the cluster's authority.
    public let authority: String

    /// Names the files.
    public init(certificate: String, key: String, authority: String) {
        self.certificate = certificate
        self.key = key
        self.authority = authority
    }

    /// What the files hold at one moment, not looked into.
    public struct Contents: Hashable, Sendable {
        /// The node's certificate.
        public let certificate: [UInt8]
        /// The key that belongs to it.
        public let key: [UInt8]
        /// The certificate of the cluster's authority.
        public let authority: [UInt8]
    }

    /// Reads the files.
    public func contents() throws(CertificateError) -> Contents {
        Contents(
            certificate: try PrivateFile.read(certificate),
            key: try PrivateFile.read(key),
            authority: try PrivateFile.read(authority)
        )
    }
}

/// How a certificate names a node.
public enum NodeCertificate {
    /// The name of a node: `node-‹id›`, among the certificate's alternative names.
    public static func name(of node: UInt64) -> String { "node-\(node)" }

    /// The names of hosts in a certificate; empty where it has none or cannot be read.
    ///
    /// - Parameter certificate: The certificate's bytes (DER).
    public static func hostNames(in certificate: [UInt8]) -> [String] {
        guard let parsed = try? Certificate(derEncoded: certificate),
            let names = try? parsed.extensions.subjectAlternativeNames
        else { return [] }
        return names.compactMap { if case .dnsName(let name) = $0 { name } else { nil } }
    }

    static func names(_ node: UInt64, hosts: [String]) -> [GeneralName] {
        var names: [GeneralName] = []
        for host in [name(of: node), "localhost", "127.0.0.1"] + hosts {
            let name = address(host) ?? .dnsName(host)
            if !names.contains(name) { names.append(name) }
        }
        return names
    }

    private static func address(_ text: String) -> GeneralName? {
        guard let bytes = PrivateFile.addressBytes(text) else { return nil }
        return .ipAddress(ASN1OctetString(contentBytes: bytes[...]))
    }
}

/// Why certificates could not be made or read.
public enum CertificateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A file or a directory cannot be used; the number is the system's `errno`.
    case file(String, operation: String, code: Int32)
    /// A file does not hold what its name says, or what it is to hold cannot be made.
    case malformed(String, String)
    /// One of two files that belong together is missing: this one.
    case incomplete(String)
    /// A key does not belong to its certificate.
    case otherKey(String)

    /// What happened, for an operator.
    public var description: String {
        switch self {
        case .file(let path, let operation, let code): "cannot \(operation) \(path) (errno \(code))"
        case .malformed(let path, let reason): "\(path) is not as it should be: \(reason)"
        case .incomplete(let path): "\(path) is missing, but what belongs to it is there: put it back, or remove both"
        case .otherKey(let path): "\(path) does not belong to the certificate beside it"
        }
    }
}
