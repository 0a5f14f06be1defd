internal import Crypto
public import FoundationEssentials
internal import SwiftASN1
internal import X509

/// The authority that says which nodes belong to a cluster: a key of its own, and certificates signed with it.
///
///     ‹directory›/ca.pem         the authority's certificate: every node trusts what it signs, and nothing else
///     ‹directory›/ca.key         its key: needed only where certificates are made, to be kept away from nodes
///     ‹directory›/node-‹id›.pem  a node's certificate: names node-‹id›, the addresses it is called by, and this machine
///     ‹directory›/node-‹id›.key  its key
///
/// Keys are P-256. Files belong to their owner alone (0600) and appear as a whole or not at all. Everything here may be
/// done again: what is there and still good is kept.
public struct CertificateAuthority: Sendable {
    /// The file of its certificate.
    public let certificateFile: String
    private let certificate: Certificate
    private let key: Certificate.PrivateKey

    /// How long certificates last.
    public struct Lifetimes: Sendable {
        /// The authority's own, in days.
        public var authorityDays = 3650
        /// A node's, in days.
        public var nodeDays = 825
        /// A node's certificate is made anew when it has no more than this many days left.
        public var renewalDays = 30

        /// The usual ones.
        public init() {}
    }

    /// Opens the authority in a directory, or makes one, with the directory if need be.
    ///
    /// - Throws: ``CertificateError/incomplete(_:)`` where there is a certificate without its key or the reverse: the one
    ///   that is there is not replaced, since nodes may trust it.
    public static func create(
        in directory: String,
        lifetimes: Lifetimes = Lifetimes(),
        now: Date = Date()
    ) throws(CertificateError) -> CertificateAuthority {
        try PrivateFile.createDirectory(directory)
        let (certificateFile, keyFile) = ("\(directory)/ca.pem", "\(directory)/ca.key")
        switch (PrivateFile.exists(certificateFile), PrivateFile.exists(keyFile)) {
        case (true, true): return try open(in: directory)
        case (true, false): throw .incomplete(keyFile)
        case (false, true): throw .incomplete(certificateFile)
        case (false, false): break
        }
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let certificate = try making(certificateFile) {
            let name = try DistinguishedName { CommonName("Gala cluster authority") }
            return try Certificate(
                version: .v3,
                serialNumber: Certificate.SerialNumber(),
                publicKey: key.publicKey,
                notValidBefore: now - margin,
                notValidAfter: now + Double(lifetimes.authorityDays) * day,
                issuer: name,
                subject: name,
                extensions: Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                    Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                },
                issuerPrivateKey: key
            )
        }
        try PrivateFile.write(try pem(of: key, keyFile), to: keyFile)
        try PrivateFile.write(try pem(of: certificate, certificateFile), to: certificateFile)
        return CertificateAuthority(certificateFile: certificateFile, certificate: certificate, key: key)
    }

    /// Opens the authority in a directory.
    public static func open(in directory: String) throws(CertificateError) -> CertificateAuthority {
        let (certificateFile, keyFile) = ("\(directory)/ca.pem", "\(directory)/ca.key")
        let certificateText = try PrivateFile.readText(certificateFile)
        let keyText = try PrivateFile.readText(keyFile)
        let certificate = try making(certificateFile) { try Certificate(pemEncoded: certificateText) }
        let key = try making(keyFile) { try Certificate.PrivateKey(pemEncoded: keyText) }
        guard key.publicKey == certificate.publicKey else { throw .otherKey(keyFile) }
        return CertificateAuthority(certificateFile: certificateFile, certificate: certificate, key: key)
    }

    /// Makes a node's certificate and its key, unless good ones are there.
    ///
    /// - Parameters:
    ///   - node: The node's id.
    ///   - directory: Where to put them; created if it is missing.
    ///   - hosts: Names and addresses that clients call the node by, besides `localhost` and `127.0.0.1`.
    /// - Returns: The files that the node is to be given.
    public func issue(
        node: UInt64,
        hosts: [String] = [],
        in directory: String,
        lifetimes: Lifetimes = Lifetimes(),
        now: Date = Date()
    ) throws(CertificateError) -> NodeCertificateFiles {
        try PrivateFile.createDirectory(directory)
        let name = NodeCertificate.name(of: node)
        let files = NodeCertificateFiles(
            certificate: "\(directory)/\(name).pem",
            key: "\(directory)/\(name).key",
            authority: certificateFile
        )
        let names = NodeCertificate.names(node, hosts: hosts)
        if isGood(files, names: names, until: now + Double(lifetimes.renewalDays) * Self.day) { return files }
        let nodeKey = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let issued = try Self.making(files.certificate) {
            try Certificate(
                version: .v3,
                serialNumber: Certificate.SerialNumber(),
                publicKey: nodeKey.publicKey,
                notValidBefore: now - Self.margin,
                notValidAfter: min(now + Double(lifetimes.nodeDays) * Self.day, certificate.notValidAfter),
                issuer: certificate.subject,
                subject: try DistinguishedName { CommonName(name) },
                extensions: Certificate.Extensions {
                    Critical(BasicConstraints.notCertificateAuthority)
                    Critical(KeyUsage(digitalSignature: true))
                    try ExtendedKeyUsage([.serverAuth, .clientAuth])
                    SubjectAlternativeNames(names)
                },
                issuerPrivateKey: key
            )
        }
        // A key without its certificate is replaced the next time; a certificate without its key would look whole.
        try PrivateFile.write(try Self.pem(of: nodeKey, files.key), to: files.key)
        try PrivateFile.write(try Self.pem(of: issued, files.certificate), to: files.certificate)
        return files
    }

    /// True for files that hold a certificate of this authority for these names which is good until then, and its key.
    private func isGood(_ files: NodeCertificateFiles, names: [GeneralName], until moment: Date) -> Bool {
        guard let certificateText = try? PrivateFile.readText(files.certificate),
            let keyText = try? PrivateFile.readText(files.key),
            let found = try? Certificate(pemEncoded: certificateText),
            let foundKey = try? Certificate.PrivateKey(pemEncoded: keyText),
            let foundNames = try? found.extensions.subjectAlternativeNames
        else { return false }
        return foundKey.publicKey == found.publicKey && found.notValidAfter > moment && Array(foundNames) == names
            && certificate.publicKey.isValidSignature(found.signature, for: found)
    }

    // MARK: Texts

    private static let day: TimeInterval = 86_400
    /// Clocks of nodes may differ by some minutes.
    private static let margin: TimeInterval = 600

    private static func making<R>(_ file: String, _ body: () throws -> R) throws(CertificateError) -> R {
        do {
            return try body()
        } catch {
            throw .malformed(file, "\(error)")
        }
    }

    private static func pem(of key: Certificate.PrivateKey, _ file: String) throws(CertificateError) -> String {
        try making(file) { try key.serializeAsPEM().pemString }
    }

    private static func pem(of certificate: Certificate, _ file: String) throws(CertificateError) -> String {
        try making(file) { try certificate.serializeAsPEM().pemString }
    }
}
