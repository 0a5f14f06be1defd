import Foundation
import GalaNode
import NIOSSL
import Testing

@testable import GalaCertificates

@Suite("Certificates of a cluster")
struct CertificateTests {
    @Test("making them again changes nothing")
    func again() throws {
        let directory = TemporaryDirectory()
        let first = try CertificateAuthority.create(in: directory.path)
        let files = try first.issue(node: 5, hosts: ["gala.example", "10.0.0.7"], in: directory.path)
        let before = try files.contents()
        let second = try CertificateAuthority.create(in: directory.path)
        #expect(try second.issue(node: 5, hosts: ["gala.example", "10.0.0.7"], in: directory.path) == files)
        #expect(try files.contents() == before)
    }

    @Test("nobody but their owner may read them")
    func modes() throws {
        let directory = TemporaryDirectory()
        let files = try CertificateAuthority.create(in: directory.path).issue(node: 5, in: directory.path)
        for path in [files.certificate, files.key, files.authority, "\(directory.path)/ca.key"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test("a certificate names its node, this machine, and what was asked for")
    func names() throws {
        let directory = TemporaryDirectory()
        let authority = try CertificateAuthority.create(in: directory.path)
        let files = try authority.issue(node: 5, hosts: ["gala.example"], in: directory.path)
        let certificate = try #require(try NIOSSLCertificate.fromPEMFile(files.certificate).first)
        let names = NodeCertificate.hostNames(in: try certificate.toDERBytes())
        #expect(names == ["node-5", "localhost", "gala.example"])
        #expect(NodeCertificate.hostNames(in: [1, 2, 3]).isEmpty)
    }

    @Test("files that cannot be used are named")
    func check() throws {
        let directory = TemporaryDirectory()
        let authority = try CertificateAuthority.create(in: directory.path)
        let one = try authority.issue(node: 1, in: directory.path)
        let two = try authority.issue(node: 2, in: directory.path)
        let good = CertificateFileCheck.faults(certificate: one.certificate, key: one.key, authority: one.authority)
        #expect(good == [])
        let mixed = CertificateFileCheck.faults(certificate: one.certificate, key: two.key, authority: one.authority)
        #expect(mixed.map(\.file) == [.key])
        #expect(mixed.map(\.rule) == ["\(two.key) does not belong to the certificate in \(one.certificate)"])
        let none = CertificateFileCheck.faults(certificate: one.key, key: "\(directory.path)/none", authority: one.key)
        #expect(none.map(\.file) == [.certificate, .key, .authority])
    }

    @Test("one that expires soon, or was made for other names, or by another authority, is made anew")
    func renewal() throws {
        let directory = TemporaryDirectory()
        let now = Date()
        let authority = try CertificateAuthority.create(in: directory.path)
        let files = try authority.issue(node: 5, in: directory.path, now: now)
        let first = try files.contents()
        _ = try authority.issue(node: 5, in: directory.path, now: now + 790 * 86_400)
        let kept = try files.contents()
        #expect(kept == first)
        _ = try authority.issue(node: 5, in: directory.path, now: now + 800 * 86_400)
        let second = try files.contents()
        #expect(second.certificate != first.certificate && second.key != first.key)
        _ = try authority.issue(node: 5, hosts: ["other.example"], in: directory.path, now: now)
        let third = try files.contents()
        #expect(third.certificate != second.certificate)
        let other = try CertificateAuthority.create(in: directory.path + "/other")
        _ = try other.issue(node: 5, hosts: ["other.example"], in: directory.path, now: now)
        #expect(try files.contents().certificate != third.certificate)
    }

    @Test("an authority that has lost a part of itself is not replaced")
    func incomplete() throws {
        for lost in ["ca.key", "ca.pem"] {
            let directory = TemporaryDirectory()
            _ = try CertificateAuthority.create(in: directory.path)
            try FileManager.default.removeItem(atPath: "\(directory.path)/\(lost)")
            #expect(throws: CertificateError.incomplete("\(directory.path)/\(lost)")) {
                try CertificateAuthority.create(in: directory.path)
            }
        }
    }

    @Test("a list tells of each certificate whether it can be used")
    func list() throws {
        let directory = TemporaryDirectory()
        let now = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down))
        let path = directory.path
        let authority = try CertificateAuthority.create(in: path, now: now - 900 * 86_400)
        _ = try authority.issue(node: 1, hosts: ["10.0.0.7", "fd00::7"], in: path, now: now)
        _ = try authority.issue(node: 2, in: path, now: now - 800 * 86_400)
        _ = try authority.issue(node: 3, in: path, now: now - 830 * 86_400)
        _ = try authority.issue(node: 4, in: path, now: now + 86_400)
        let other = try CertificateAuthority.create(in: path + "/other")
        _ = try other.issue(node: 5, in: path, now: now)
        let keyless = try authority.issue(node: 6, in: path, now: now)
        try FileManager.default.removeItem(atPath: keyless.key)
        try Data("nothing".utf8).write(to: URL(filePath: path + "/node-7.pem"))

        let found = try CertificateSummary.list(in: path, now: now)
        #expect(
            found.map { "\($0.file) \($0.state)" } == [
                "ca.pem good", "node-1.pem good", "node-2.pem ending", "node-3.pem expired", "node-4.pem early",
                "node-5.pem foreign", "node-6.pem keyless", "node-7.pem unreadable",
            ]
        )
        #expect(found.map { $0.daysLeft(now: now) } == [2_750, 825, 25, -5, 826, 825, 825, nil])
        #expect(found[1].names == ["node-1", "localhost", "127.0.0.1", "10.0.0.7", "fd00::7"])
        #expect(found[7].names.isEmpty)
    }

    @Test("there is no list without an authority")
    func noAuthority() {
        let directory = TemporaryDirectory()
        #expect(throws: CertificateError.self) { try CertificateSummary.list(in: directory.path) }
    }
}
