/// Bytes in the store are not what this program writes. Nothing that a caller does leads there: it is damage, or a
/// program's mistake.
public struct RecordError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public let description: String

    /// Makes an error.
    public init(_ description: String) { self.description = description }
}
