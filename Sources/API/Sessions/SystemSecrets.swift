internal import COpenSSL
internal import Domain

/// Random bytes of the system, and HMAC-SHA-256 by libcrypto.
struct SystemSecrets: SecretMaker {
    func random(_ count: Int) -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    func digest(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        let done = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &digest, &length)
        precondition(done != nil && length == 32, "libcrypto can make an HMAC of SHA-256")
        return digest
    }
}
