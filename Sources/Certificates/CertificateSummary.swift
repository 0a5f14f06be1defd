public import FoundationEssentials
internal import SwiftASN1
internal import X509

/// What an operator wants to know of a certificate in a directory of ``CertificateAuthority``.
public struct CertificateSummary: Hashable, Sendable {
    /// Whether a certificate can be used.
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// It can.
        case good
        /// It can, but not for long: it is time to make it anew.
        case ending
        /// Its time is over.
        case expired
        /// Its time has not come.
        case early
        /// The authority beside it has not signed it: nodes do not trust it.
        case foreign
        /// The key beside it is missing, or another certificate's.
        case keyless
        /// This is no certificate.
        case unreadable
    }

    /// The file's name in the directory.
    public let file: String
    /// Whom it names, first its common name; empty where it cannot be read.
    public let names: [String]
    /// Until when it is good; nil where it cannot be read.
    public let notAfter: Date?
    /// Whether it can be used.
    public let state: State

    /// Whole days until its end, negative after it; nil where it cannot be read.
    public func daysLeft(now: Date) -> Int? {
        notAfter.map { Int(($0.timeIntervalSince(now) / 86_400).rounded(.down)) }
    }

    /// Every certificate in a directory, by name of its file.
    ///
    /// - Throws: Where there is no authority in the directory: nothing can be said of certificates without one.
    public static func list(
        in directory: String,
        lifetimes: CertificateAuthority.Lifetimes = .init(),
        now: Date = Date()
    ) throws(CertificateError) -> [CertificateSummary] {
        let text = try PrivateFile.readText("\(directory)/ca.pem")
        let authority: Certificate
        do {
            authority = try Certificate(pemEncoded: text)
        } catch {
            throw .malformed("\(directory)/ca.pem", "\(error)")
        }
        return PrivateFile.names(in: directory).filter { $0.hasSuffix(".pem") }.map { file in
            CertificateSummary(directory, file, authority: authority, lifetimes: lifetimes, now: now)
        }
    }

    private init(
        _ directory: String,
        _ file: String,
        authority: Certificate,
        lifetimes: CertificateAuthority.Lifetimes,
        now: Date
    ) {
        self.file = file
        guard let text = try? PrivateFile.readText("\(directory)/\(file)"),
            let certificate = try? Certificate(pemEncoded: text)
        else {
            (names, notAfter, state) = ([], nil, .unreadable)
            return
        }
        names = Self.names(certificate)
        notAfter = certificate.notValidAfter
        let renewal = now + Double(lifetimes.renewalDays) * 86_400
        if !authority.publicKey.isValidSignature(certificate.signature, for: certificate) {
            state = .foreign
        } else if certificate.notValidAfter <= now {
            state = .expired
        } else if certificate.notValidBefore > now {
            state = .early
        } else if !Self.hasKey("\(directory)/\(file)", certificate, authority) {
            state = .keyless
        } else {
            state = certificate.notValidAfter <= renewal ? .ending : .good
        }
    }

    private static func names(_ certificate: Certificate) -> [String] {
        var names: [String] = []
        for part in certificate.subject {
            for attribute in part where attribute.type == .RDNAttributeType.commonName {
                names.append("\(attribute.value)")
            }
        }
        guard let alternatives = try? certificate.extensions.subjectAlternativeNames else { return names }
        for alternative in alternatives {
            switch alternative {
            case .dnsName(let name): if !names.contains(name) { names.append(name) }
            case .ipAddress(let address): names.append(PrivateFile.addressText(Array(address.bytes)))
            default: names.append("\(alternative)")
            }
        }
        return names
    }

    /// Whether the key lies beside the certificate. That of the authority may well be elsewhere.
    private static func hasKey(_ path: String, _ certificate: Certificate, _ authority: Certificate) -> Bool {
        if certificate == authority { return true }
        guard let text = try? PrivateFile.readText(path.dropLast(4) + ".key"),
            let key = try? Certificate.PrivateKey(pemEncoded: text)
        else { return false }
        return key.publicKey == certificate.publicKey
    }
}
