/// Why a service did not do what it was asked for. Nothing changed.
///
/// Services throw it, and ``TransactionError`` as it comes from the store: `unknown` there means that nobody can tell.
public struct DomainError: Error, Hashable, Sendable {
    /// How a caller has to take it, whatever the code.
    public enum Kind: Hashable, Sendable {
        /// What was asked for breaks a rule; asking again will not help.
        case invalid
        /// Who asks has not shown who he is.
        case unauthenticated
        /// Who asks may not.
        case forbidden
        /// There is no such thing, or who asks may not know of it.
        case absent
        /// It does not go with what there is.
        case conflict
        /// Who asks knew another version.
        case stale
        /// It was there and is over.
        case gone
        /// A payment was declined.
        case declined
    }

    /// How to take it.
    public let kind: Kind
    /// Stable, for programs: `username-taken`.
    public let code: String
    /// For people: one sentence.
    public let detail: String
    /// Which parts of the request are at fault, where that can be told.
    public let faults: [Fault]
    /// What would have been possible, where only some things are: the legal next states.
    public let possible: [String]

    /// A part of a request that breaks a rule.
    public struct Fault: Hashable, Sendable {
        /// Where it stands in the request's body: a JSON pointer (RFC 6901).
        public let pointer: String
        /// Stable, for programs: `too-long`.
        public let code: String
        /// For people.
        public let detail: String

        /// Makes a fault.
        public init(_ pointer: String, _ code: String, _ detail: String) {
            self.pointer = pointer
            self.code = code
            self.detail = detail
        }
    }

    /// Makes an error.
    public init(_ kind: Kind, _ code: String, _ detail: String, faults: [Fault] = [], possible: [String] = []) {
        self.kind = kind
        self.code = code
        self.detail = detail
        self.faults = faults
        self.possible = possible
    }
}

extension DomainError {
    /// Parts of the request break rules.
    public static func invalid(_ faults: [Fault]) -> DomainError {
        DomainError(.invalid, "invalid", "A part of the request breaks a rule.", faults: faults)
    }

    /// One part of the request breaks a rule.
    public static func invalid(_ pointer: String, _ code: String, _ detail: String) -> DomainError {
        invalid([Fault(pointer, code, detail)])
    }

    /// There is no such thing, as far as who asks may know.
    public static let notFound = DomainError(.absent, "not-found", "There is nothing here.")

    /// Who asks may not.
    public static let forbidden = DomainError(.forbidden, "forbidden", "The caller may not do this.")

    /// The entity has another version than the one that was named.
    public static let stale = DomainError(
        .stale,
        "precondition-failed",
        "It has changed meanwhile: look at it again."
    )

    /// A state from which there is no way to the one that was asked for.
    public static func illegalTransition(from state: String, possible: [String]) -> DomainError {
        DomainError(
            .conflict,
            "illegal-transition",
            "It is \(state): from there it does not go.",
            possible: possible
        )
    }
}
