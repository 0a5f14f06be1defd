/// How often the model answers with a failure instead of what it was asked for, in a thousand each.
public struct FailureOdds: Hashable, Sendable {
    /// A commit that somebody came before.
    public var conflict = 0
    /// A call that finds no leader.
    public var noLeader = 0
    /// A call that finds full queues.
    public var overloaded = 0
    /// A commit that takes effect, and whose answer is lost.
    public var unknownWithEffect = 0
    /// A commit that is lost, and its answer too.
    public var unknownWithoutEffect = 0
    /// A commit whose answer is lost, and which takes effect at some later call, if it still can.
    public var unknownWithLateEffect = 0

    /// No failures.
    public static let none = FailureOdds()

    /// A bad day: every kind, `perMille` in a thousand each.
    public static func each(perMille: Int) -> FailureOdds {
        FailureOdds(
            conflict: perMille,
            noLeader: perMille,
            overloaded: perMille,
            unknownWithEffect: perMille,
            unknownWithoutEffect: perMille,
            unknownWithLateEffect: perMille
        )
    }

    /// Makes odds, none unless told otherwise.
    public init(
        conflict: Int = 0,
        noLeader: Int = 0,
        overloaded: Int = 0,
        unknownWithEffect: Int = 0,
        unknownWithoutEffect: Int = 0,
        unknownWithLateEffect: Int = 0
    ) {
        self.conflict = conflict
        self.noLeader = noLeader
        self.overloaded = overloaded
        self.unknownWithEffect = unknownWithEffect
        self.unknownWithoutEffect = unknownWithoutEffect
        self.unknownWithLateEffect = unknownWithLateEffect
    }
}
