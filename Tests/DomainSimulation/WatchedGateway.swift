internal import Domain
internal import NIOConcurrencyHelpers

/// The gateway of a whole cluster, which remembers whose money it has taken: that must end in a wallet.
final class WatchedGateway: PaymentGateway {
    private let sandbox = SandboxGateway()
    private let charges = NIOLockedValueBox<Set<UInt64>>([])

    var sources: String { sandbox.sources }

    /// References under which money was taken, or will have been.
    var taken: [UInt64] { charges.withLockedValue { $0.sorted() } }

    func accepts(_ source: String) -> Bool { sandbox.accepts(source) }

    func charge(_ charge: Charge) async -> ChargeAnswer {
        let answer = await sandbox.charge(charge)
        if case .declined = answer { return answer }
        _ = charges.withLockedValue { $0.insert(charge.reference) }
        return answer
    }

    func status(of charge: Charge, age: Duration) async -> ChargeAnswer { await sandbox.status(of: charge, age: age) }
}
