internal import DomainHarness

/// What a look has found, or why it could not be had.
struct Looked<Value: Sendable>: Sendable {
    let found: Value?
    /// What must not come of it.
    let impossible: String?
    /// Why it could not be had, whatever that was.
    let reason: String

    init(_ look: () async throws -> Value) async {
        do {
            found = try await look()
            impossible = nil
            reason = ""
        } catch {
            found = nil
            impossible = Sending.impossible(error)
            reason = "\(error)"
        }
    }
}
