internal import Domain
internal import Hummingbird

/// The `Idempotency-Key` of a sign-up, whose caller is nobody yet: it is scoped to the name that is wanted.
///
/// The password is not part of the request's fingerprint: a fast digest of it must not lie in the store. Whether a
/// repeat has the same is told by the hash that the user got.
enum SignUpKey {
    static func optional(
        _ request: Request,
        _ username: Username,
        _ body: JSONInput
    ) throws(Problem) -> RequestKey? {
        guard case .object(let members) = body else { return nil }
        let open = JSONInput.object(members.filter { $0.name != "password" })
        return try IdempotencyKey.optional(request, scope(username), open)
    }

    /// A number in a user's place that follows from the name (FNV-1a). Two names that share it do not meet: their
    /// fingerprints differ, since the name is part of them.
    private static func scope(_ username: Username) -> UserID {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in username.folded.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return UserID(hash >> 1 | 1)
    }
}
