/// What is wrong with bytes, or with something that was to become bytes: which field breaks which rule.
public struct FieldError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The field, as the format's description names it.
    public let field: String
    /// What holds for the field, and did not.
    public let rule: String

    /// Makes an error.
    public init(_ field: String, _ rule: String) {
        self.field = field
        self.rule = rule
    }

    /// The field, then the rule.
    public var description: String { "\(field): \(rule)" }
}
