/// The name by which a user logs in: 1 to 64 of the letters a–z in either case, digits, and `. _ - + @`.
///
/// Two names that differ in case only are the same name: `Amelie` cannot sign up beside `amelie`.
public struct Username: Hashable, Sendable, CustomStringConvertible {
    /// As it was typed at sign-up.
    public let description: String
    /// By which names are compared.
    public var folded: String { description.lowercased() }

    /// A name; nil if it breaks the rule.
    public init?(_ text: String) {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "@"): true
            default: false
            }
        }
        guard isPlain, (1...64).contains(text.utf8.count) else { return nil }
        description = text
    }

    /// A name for somebody new; nil if it breaks the rule, or has digits only: it could be taken for somebody's id.
    public init?(new text: String) {
        guard !text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        self.init(text)
    }
}
