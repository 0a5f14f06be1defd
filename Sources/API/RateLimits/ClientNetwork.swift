internal import Glibc

/// Whose requests count together where an address is all that is known of a client.
enum ClientNetwork {
    /// The address itself, and of IPv6 its first 64 bits: whoever has one of those addresses has all of them.
    static func name(of address: String) -> String {
        var bytes = in6_addr()
        // A mapped one is an address of IPv4, written in another way.
        guard address.contains(":"), inet_pton(AF_INET6, address, &bytes) == 1 else { return address }
        let octets = withUnsafeBytes(of: bytes) { Array($0) }
        if octets.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]) {
            return octets[12...].map { "\($0)" }.joined(separator: ".")
        }
        return octets[..<8].map { String($0, radix: 16) }.joined(separator: ":") + "/64"
    }
}
