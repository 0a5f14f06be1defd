/// What an object does when one step is taken after the other: the specification that concurrent histories are held to.
///
/// A step is an operation together with what it answered, so that it either fits a state or does not. An operation
/// whose outcome is unknown is the step that it would be if it took effect; the search may leave it out.
///
/// The hooks are told which steps are taken and put back, and may say that the search need not go on. They serve speed
/// alone: a model without them gives the same verdicts.
public protocol SequentialModel {
    /// What the object remembers.
    associatedtype State: Hashable

    /// An operation and its answer. Equal steps do the same in every state.
    associatedtype Step: Hashable

    /// The state before the first step.
    var initialState: State { get }

    /// The state that `step` leaves, or nil if it could not have been taken, or answered so, in `state`.
    func apply(_ step: Step, to state: State) -> State?

    /// Whether `step` leaves every state that it fits as it was.
    func isReadOnly(_ step: Step) -> Bool

    /// Told of each step before the search begins; `isRequired` is false for one that may be left out.
    mutating func expect(_ step: Step, isRequired: Bool)

    /// Told that an expected step has been taken.
    mutating func take(_ step: Step, isRequired: Bool)

    /// Told that the step taken last has been taken back.
    mutating func putBack(_ step: Step, isRequired: Bool)

    /// Whether a required step that is not yet taken needs `state`, and no step that is not yet taken leads to it.
    func isMissed(_ state: State) -> Bool
}

extension SequentialModel {
    /// Needs to know nothing.
    public mutating func expect(_ step: Step, isRequired: Bool) {}

    /// Needs to know nothing.
    public mutating func take(_ step: Step, isRequired: Bool) {}

    /// Needs to know nothing.
    public mutating func putBack(_ step: Step, isRequired: Bool) {}

    /// Foresees nothing.
    public func isMissed(_ state: State) -> Bool { false }
}

/// A step with the time in which it must have been taken.
public struct TimedStep<Step> {
    /// What was done and answered.
    public let step: Step

    /// When it was called.
    public let callNs: Int64

    /// When it returned; nil for a step that may have been taken at any time after its call, or never.
    public let returnNs: Int64?

    /// A step between `callNs` and `returnNs`.
    public init(step: Step, callNs: Int64, returnNs: Int64?) {
        self.step = step
        self.callNs = callNs
        self.returnNs = returnNs
    }
}
