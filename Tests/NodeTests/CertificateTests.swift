import Foundation
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
}
