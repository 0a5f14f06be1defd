internal import HTTPTypes
internal import Hummingbird
internal import KVStore

extension Problem {
    /// What the store's refusal means to a client.
    ///
    /// Any 4xx and any 503 say that the request had no effect and never will; only 504 leaves that open.
    ///
    /// - Parameter location: Where the request's outcome can be looked up.
    init(_ error: KeyValueError, location: String) {
        self =
            switch error {
            case .invalid(let field, let rule): .invalid(parameter: field, rule)
            case .conditionFailed(let current): .preconditionFailed(current)
            case .wrongType:
                Problem(
                    status: .conflict,
                    code: "wrong-type",
                    title: "The key has a counter, and bytes cannot take its place.",
                    members: [("outcome", .string("refused"))]
                )
            case .snapshotTooOld:
                Problem(
                    status: .gone,
                    code: "snapshot-too-old",
                    title: "The moment that was asked for is older than what is kept."
                )
            case .noLeader:
                Problem(
                    status: .serviceUnavailable,
                    code: "no-leader",
                    title: "The data has no leader at the moment; try again in a moment.",
                    headers: [.retryAfter: "1"]
                )
            case .overloaded: .overloaded("The store's queues are full.")
            case .diskFull:
                Problem(
                    status: .serviceUnavailable,
                    code: "disk-full",
                    title: "There is no room on the disks.",
                    headers: [.retryAfter: "30"]
                )
            case .stopping:
                Problem(
                    status: .serviceUnavailable,
                    code: "stopping",
                    title: "This node is ending; ask another.",
                    headers: [.retryAfter: "0", .connection: "close"]
                )
            case .unreadable(let reason):
                Problem(
                    status: .internalServerError,
                    code: "unreadable",
                    title: "What lies at the key is no value that this version can read.",
                    detail: reason
                )
            case .outcomeUnknown:
                Problem(
                    status: .gatewayTimeout,
                    code: "outcome-unknown",
                    title: "Nobody can tell whether the request takes effect.",
                    detail: "It may have had an effect, or have one later: look before it is repeated.",
                    members: [("outcome", .string("unknown"))],
                    headers: [.location: location]
                )
            }
    }

    /// A condition of the request does not hold; the resource has this version, or does not exist.
    static func preconditionFailed(_ current: KeyVersion?) -> Problem {
        Problem(
            status: .preconditionFailed,
            code: "precondition-failed",
            title: "A condition of the request does not hold.",
            headers: current.map { [.eTag: EntityTag($0).text] } ?? [:]
        )
    }
}
