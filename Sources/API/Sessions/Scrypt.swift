internal import COpenSSL

/// The password-based key derivation of RFC 7914, by libcrypto.
///
/// With N = 2^17 and r = 8 it takes 128 MiB and about 0.3 s by design: never call it on an event loop.
struct ScryptCost: Hashable, Sendable {
    /// The logarithm of N.
    let logN: Int
    let r: Int
    let p: Int

    /// What OWASP recommends for passwords.
    static let standard = ScryptCost(logN: 17, r: 8, p: 1)

    /// What is accepted from stored hashes: anything else would be a way to fill the memory.
    var isAcceptable: Bool { (10...18).contains(logN) && (1...16).contains(r) && (1...4).contains(p) }
}

enum Scrypt {
    /// The most memory that a derivation may take: above what ``ScryptCost/isAcceptable`` lets through.
    private static let memoryLimitBytes: UInt64 = 640 << 20

    /// Derives a key of so many bytes; nil where libcrypto cannot, for want of memory.
    static func derive(_ password: [UInt8], salt: [UInt8], cost: ScryptCost, bytes count: Int) -> [UInt8]? {
        var key = [UInt8](repeating: 0, count: count)
        // Without an address libcrypto would only tell whether it could: an empty password must have one, too.
        let done = (password + [0]).withUnsafeBytes { terminated in
            EVP_PBE_scrypt(
                terminated.assumingMemoryBound(to: CChar.self).baseAddress,
                password.count,
                salt,
                salt.count,
                1 << UInt64(cost.logN),
                UInt64(cost.r),
                UInt64(cost.p),
                memoryLimitBytes,
                &key,
                count
            )
        }
        return done == 1 ? key : nil
    }

    /// Whether two keys are the same, in a time that does not tell where they differ.
    static func areEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        a.count == b.count && CRYPTO_memcmp(a, b, a.count) == 0
    }
}
