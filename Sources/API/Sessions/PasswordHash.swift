/// A password as it is kept: `$scrypt$ln=17,r=8,p=1$SALT$KEY`, the PHC string format.
public struct PasswordHash: Hashable, Sendable {
    /// The longest password that is accepted, in bytes.
    public static let passwordBytesLimit = 1_024
    private static let saltBytes = 16
    private static let keyBytes = 32

    private let cost: ScryptCost
    private let salt: [UInt8]
    private let key: [UInt8]

    private init(cost: ScryptCost, salt: [UInt8], key: [UInt8]) {
        self.cost = cost
        self.salt = salt
        self.key = key
    }

    /// Hashes a password with a new salt. Takes about 0.3 s and 128 MiB.
    ///
    /// - Returns: nil where there is not enough memory.
    public static func of(_ password: String) -> PasswordHash? { of(password, cost: .standard) }

    static func of(_ password: String, cost: ScryptCost) -> PasswordHash? {
        var random = SystemRandomNumberGenerator()
        let salt = (0..<saltBytes).map { _ in UInt8.random(in: 0...255, using: &random) }
        guard let key = Scrypt.derive(Array(password.utf8), salt: salt, cost: cost, bytes: keyBytes) else { return nil }
        return PasswordHash(cost: cost, salt: salt, key: key)
    }

    /// Reads what ``text`` wrote; nil where it is not in this form, or more costly than is sensible.
    public init?(_ text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt", let cost = Self.cost(parts[2]),
            let salt = Base64.decodeWithoutPadding(parts[3]), (8...64).contains(salt.count),
            let key = Base64.decodeWithoutPadding(parts[4]), key.count == Self.keyBytes
        else { return nil }
        self.init(cost: cost, salt: salt, key: key)
    }

    private static func cost(_ text: Substring) -> ScryptCost? {
        let parts = text.split(separator: ",")
        let names = ["ln=", "r=", "p="]
        guard parts.count == names.count else { return nil }
        var numbers: [Int] = []
        for (part, name) in zip(parts, names) {
            guard part.hasPrefix(name), let number = Int(part.dropFirst(name.count)) else { return nil }
            numbers.append(number)
        }
        let cost = ScryptCost(logN: numbers[0], r: numbers[1], p: numbers[2])
        return cost.isAcceptable ? cost : nil
    }

    /// The form in which it is kept.
    public var text: String {
        "$scrypt$ln=\(cost.logN),r=\(cost.r),p=\(cost.p)$\(Base64.encodeWithoutPadding(salt))"
            + "$\(Base64.encodeWithoutPadding(key))"
    }

    /// Whether it was made of this password; nil where there is not enough memory to tell. As costly as making it.
    func matches(_ password: String) -> Bool? {
        Scrypt.derive(Array(password.utf8), salt: salt, cost: cost, bytes: Self.keyBytes)
            .map { Scrypt.areEqual($0, key) }
    }
}
