/// What a password may be: 8 to 1,024 bytes without NUL.
///
/// Logins take shorter ones, too: operators' accounts may have them, and a wrong password is not to be told from one
/// that could not be right.
enum PasswordRule {
    static let newBytes = 8...PasswordHash.passwordBytesLimit
    static let anyBytes = 1...PasswordHash.passwordBytesLimit

    /// A member that is a password.
    static func take(
        _ name: String,
        of body: inout BodyMembers,
        bytes: ClosedRange<Int>
    ) throws(Problem) -> String {
        let pointer = body.pointer(name)
        let value = try body.required(name)
        guard case .string(let password) = value else {
            throw .invalid(pointer: pointer, "must be a string, not \(value.kind)")
        }
        guard bytes.contains(password.utf8.count) else {
            throw .invalid(pointer: pointer, "must be \(bytes.lowerBound) to \(bytes.upperBound) bytes")
        }
        // HMAC, on which scrypt rests, cannot tell a password from the same with NULs behind it.
        guard !password.utf8.contains(0) else { throw .invalid(pointer: pointer, "must not contain NUL") }
        return password
    }
}
