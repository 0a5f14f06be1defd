/// The calls and returns of steps that have to be ordered and are not yet, in order of time.
///
///     ⟂ → call 0 → call 1 → return 1 → call 2 → return 0 → return 2 → ⟂
///
/// Whatever is called before the first return may be ordered next: nothing that is left has to precede it. A step that
/// is ordered leaves the list with both its events, and comes back in the reverse order, each event to its place
/// between neighbours that it still remembers (Lowe, Testing for Linearizability, 2017).
struct PendingCalls {
    /// Events are numbered from 1 in order of time; 0 is the list's end on both sides.
    private var following: [Int32]
    private var preceding: [Int32]
    private let stepOfEvent: [Int32]
    private let callOfStep: [Int32]
    private let returnOfStep: [Int32]

    /// The list of `count` steps whose events have the numbers that `events` gives them: per event the step, of which
    /// the first mention is the call and the second the return.
    init(stepCount: Int, events: [Int32]) {
        following = (0...events.count).map { $0 == events.count ? 0 : Int32($0 + 1) }
        preceding = (0...events.count).map { $0 == 0 ? Int32(events.count) : Int32($0 - 1) }
        stepOfEvent = [-1] + events
        var calls = [Int32](repeating: 0, count: stepCount)
        var returns = calls
        for (index, step) in events.enumerated() {
            if calls[Int(step)] == 0 {
                calls[Int(step)] = Int32(index + 1)
            } else {
                returns[Int(step)] = Int32(index + 1)
            }
        }
        callOfStep = calls
        returnOfStep = returns
    }

    /// The first event, 0 if there is none.
    var first: Int { Int(following[0]) }

    /// The event after `event`, 0 behind the last.
    func event(after event: Int) -> Int { Int(following[event]) }

    /// The event before `event`, 0 before the first.
    func event(before event: Int) -> Int { Int(preceding[event]) }

    /// The step that `event` calls, nil if it is a return or the end.
    func stepCalled(at event: Int) -> Int? {
        let step = Int(stepOfEvent[event])
        return step >= 0 && Int(callOfStep[step]) == event ? step : nil
    }

    /// The event in which `step` returns.
    func returnEvent(of step: Int) -> Int { Int(returnOfStep[step]) }

    mutating func remove(_ step: Int) {
        unlink(callOfStep[step])
        unlink(returnOfStep[step])
    }

    /// Brings back the step that was removed last and has not come back.
    mutating func restore(_ step: Int) {
        relink(returnOfStep[step])
        relink(callOfStep[step])
    }

    private mutating func unlink(_ event: Int32) {
        let (before, after) = (preceding[Int(event)], following[Int(event)])
        following[Int(before)] = after
        preceding[Int(after)] = before
    }

    private mutating func relink(_ event: Int32) {
        following[Int(preceding[Int(event)])] = event
        preceding[Int(following[Int(event)])] = event
    }
}
