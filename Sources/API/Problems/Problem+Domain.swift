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
            title: error.detail,
            faults: error.faults.map { Fault(place: .pointer($0.pointer), code: $0.code, detail: $0.detail) }
        )
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
            case .snapshotTooOld:
                Problem(status: .gone, code: "snapshot-too-old", title: "What was then is not kept any more.")
            case .invalid, .refused: .internalError
            }
    }
}

extension DomainError {
    fileprivate static let illegalTransitionCode = "illegal-transition"
}
