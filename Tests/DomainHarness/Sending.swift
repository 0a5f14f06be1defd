package import Domain
internal import KVStore

/// What a client hears of a request.
package enum Heard: Hashable, Sendable {
    /// It came to this.
    case concluded(Conclusion)
    /// It had no effect, and never will.
    case nothing(String)
    /// Nobody can tell.
    case unknown
    /// This must not come of any request of a plan.
    case impossible(String)
}

/// Sends a request to a node.
package enum Sending {
    package static func send(_ action: Plan.Action, key: String, user: UserID, _ node: MoneyNode) async -> Heard {
        do {
            switch action {
            case .take(let money, let source):
                let key = RequestKey(caller: user, route: "POST /v1/wallet/top-ups", key: key, fingerprint: [1])
                let concluded = try await node.topUps.take(money, from: source, once: key) { topUp in
                    RecordedAnswer(
                        status: topUp.status == .succeeded ? 201 : 202,
                        content: Array(topUp.id.description.utf8)
                    )
                }
                return .concluded(concluded.conclusion)
            case .give(let gift):
                let key = RequestKey(caller: user, route: "POST /v1/donations", key: key, fingerprint: [2])
                let concluded = try await node.donations.give(gift, once: key) { donation in
                    let ids = [donation.id.rawValue] + donation.legs.map(\.transfer.rawValue)
                    return RecordedAnswer(
                        status: 201,
                        content: Array(ids.map(String.init).joined(separator: " ").utf8)
                    )
                }
                return .concluded(concluded.conclusion)
            case .close(let event):
                let organizer = MoneyCampaign.organizer
                let key = RequestKey(caller: organizer, route: "POST /close", key: key, fingerprint: [3])
                let concluded = try await node.events.bring(event, to: .closed, by: organizer, once: key) { _ in
                    RecordedAnswer(status: 200, content: [])
                }
                return .concluded(concluded.conclusion)
            case .look: return .nothing("looked")
            }
        } catch TransactionError.unknown {
            return .unknown
        } catch let error as DomainError where error.code == "request-in-flight" {
            return .unknown
        } catch {
            if let text = impossible(error) { return .impossible(text) }
            return .nothing("\(error)")
        }
    }

    /// What must not come of anything that a plan asks for, in words; nil for what may.
    package static func impossible(_ error: any Error) -> String? {
        switch error {
        case let error as DomainError where error.kind == .invalid || error.kind == .absent: "\(error)"
        case TransactionError.unreadable, TransactionError.invalid: "\(error)"
        default: nil
        }
    }
}
