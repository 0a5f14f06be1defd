/// Somebody who takes money from cards and accounts elsewhere.
///
/// What a gateway says may come late, twice or never, and it may have taken the money although it says nothing: so no
/// answer is ever taken for a refusal.
public protocol PaymentGateway: Sendable {
    /// What may be charged here, for people: the sources that ``accepts(_:)`` says yes to.
    var sources: String { get }

    /// Whether a source is one of this gateway's.
    func accepts(_ source: String) -> Bool

    /// Takes money. Asked again with the same charge, it takes nothing more and says what it says by then.
    func charge(_ charge: Charge) async -> ChargeAnswer

    /// What became of a charge that was asked for so long ago.
    func status(of charge: Charge, age: Duration) async -> ChargeAnswer
}

/// Money that is to be taken.
public struct Charge: Hashable, Sendable {
    /// Names it for good: the gateway takes it once.
    public let reference: UInt64
    /// How much.
    public let money: Money
    /// From where.
    public let source: String
}

/// What a gateway says of a charge.
public enum ChargeAnswer: Hashable, Sendable {
    /// The money was taken.
    case succeeded
    /// It was not, and will not be.
    case declined(reason: String)
    /// Nobody can tell yet.
    case processing
}

/// A gateway without money behind it, which is built in: it does on demand what gateways do.
///
///     tok_ok         takes the money at once
///     tok_declined   declines
///     tok_late       says what became of it when some seconds have passed
///     tok_timeout    does not answer, although it took the money; asked later, it says so
///     tok_twice      says twice that it took the money: the first time when it is asked again
///
/// It remembers nothing: what it says follows from the charge and its age, on whatever node it is asked.
public struct SandboxGateway: PaymentGateway {
    /// After so long it knows what became of a charge.
    private static let lateness = Duration.seconds(2)

    /// Makes one.
    public init() {}

    private enum Source: String, CaseIterable {
        case ok = "tok_ok"
        case declined = "tok_declined"
        case late = "tok_late"
        case timeout = "tok_timeout"
        case twice = "tok_twice"
    }

    /// Its five sources.
    public var sources: String { Source.allCases.map(\.rawValue).joined(separator: ", ") }

    /// Whether a source is one of the five.
    public func accepts(_ source: String) -> Bool { Source(rawValue: source) != nil }

    /// What the source is for.
    public func charge(_ charge: Charge) async -> ChargeAnswer {
        switch Source(rawValue: charge.source) {
        case .ok: .succeeded
        case .late, .timeout, .twice: .processing
        case .declined, nil: .declined(reason: "The card was declined.")
        }
    }

    /// The same, with an end for those that are late.
    public func status(of charge: Charge, age: Duration) async -> ChargeAnswer {
        switch Source(rawValue: charge.source) {
        case .late, .timeout: age < Self.lateness ? .processing : .succeeded
        case .twice: .succeeded
        default: await self.charge(charge)
        }
    }
}
