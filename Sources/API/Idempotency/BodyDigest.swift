internal import COpenSSL
internal import NIOCore

/// What a body says, in 32 bytes: two bodies that mean the same have the same digest, be their members in another order
/// or their numbers and texts written otherwise.
enum BodyDigest {
    /// SHA-256 of the canonical text; that of nothing for a request without a body.
    static func of(_ body: JSONInput?) -> [UInt8] {
        var text = ByteBuffer()
        body?.writeCanonically(into: &text)
        var digest = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        let done = text.withUnsafeReadableBytes { bytes in
            EVP_Digest(bytes.baseAddress, bytes.count, &digest, &count, EVP_sha256(), nil)
        }
        precondition(done == 1 && count == 32, "libcrypto has SHA-256")
        return digest
    }
}
