internal import Domain
internal import HTTPTypes
internal import Hummingbird
internal import KVStore

extension Problem {
    /// What a service's refusal means to a client.
    init(_ error: DomainError) {
        let status: HTTPResponse.Status =
            switch error.kind {
            case .invalid: .unprocessableContent
            case .unauthenticated: .unauthorized
            case .forbidden: .forbidden
            case .absent: .notFound
            case .conflict: .conflict
            case .stale: .preconditionFailed
            case .gone: .gone
            case .declined: .init(code: 402, reasonPhrase: "Payment Required")
            }
        self.init(
            status: status,
            code: error.code,
            title: Self.title(error),
            faults: error.faults.map { Fault(place: .pointer($0.pointer), code: $0.code, detail: $0.detail) }
        )
        if error.detail != title { detail = error.detail }
        if error.kind == .conflict, error.code == DomainError.illegalTransitionCode {
            members = [("possible", .array(error.possible.map(JSON.string)))]
        }
    }

    /// What the store's refusal means to a client of the domain, who knows nothing of keys.
    ///
    /// Any 4xx and any 503 say that the request had no effect and never will; only 504 leaves that open.
    ///
    /// - Parameter location: Where the request's outcome can be looked up.
    init(_ error: TransactionError, location: String) {
        self =
            switch error {
            case .unknown: Problem(KeyValueError.outcomeUnknown, location: location)
            case .noLeader: Problem(KeyValueError.noLeader, location: location)
            case .diskFull: Problem(KeyValueError.diskFull, location: location)
            case .stopping: Problem(KeyValueError.stopping, location: location)
            case .overloaded: .overloaded("The store's queues are full.")
            case .conflict: .overloaded("Too many others change the same.")
            case .unreadable(let reason): Problem(KeyValueError.unreadable(reason), location: location)
            case .snapshotTooOld: Problem(KeyValueError.snapshotTooOld, location: location)
            case .invalid, .refused: .internalError
            }
    }
}

extension Problem {
    /// One line that is the same for every refusal with a code; what is particular to one is its detail.
    private static func title(_ error: DomainError) -> String {
        switch error.code {
        case "balance-limit": "An account cannot hold as much."
        case "event-closed": "The event takes no gifts."
        case "idempotency-key-reused": "The idempotency key belongs to another request."
        case DomainError.illegalTransitionCode: "It cannot get there from the state in which it is."
        case "insufficient-funds": "There is not enough money."
        case "last-owner": "An organization needs an owner."
        case "own-role": "Nobody takes his own rights away."
        case "payment-declined": "The payment was declined."
        case "precondition-failed": preconditionFailed(nil).title
        case "request-in-flight": "The request is being worked on."
        case "too-many-members": "The organization has too many members."
        case "unknown-user": "There is no such user."
        case "username-taken": "The user name is taken."
        default: title(error.kind)
        }
    }

    private static func title(_ kind: DomainError.Kind) -> String {
        switch kind {
        case .invalid: invalid([]).title
        case .unauthenticated: unauthenticated.title
        case .forbidden: forbidden.title
        case .absent: notFound().title
        case .conflict: "It does not go with what there is."
        case .stale: preconditionFailed(nil).title
        case .gone: "It is over."
        case .declined: "The payment was declined."
        }
    }
}

extension DomainError {
    fileprivate static let illegalTransitionCode = "illegal-transition"
}
