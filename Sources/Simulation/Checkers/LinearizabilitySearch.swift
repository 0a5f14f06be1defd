// Looks for an order of steps that a sequential model allows and that respects real time: of two steps of which one
// returned before the other was called, it comes first. Wing and Gong's search, with Lowe's memory: a set of steps and
// the state that they left are not tried twice, however they were ordered.
//
// Steps that returned are *required*. The others are *optional*: they may stand anywhere after their call, or not at
// all. What keeps the search short, and why none of it hides an order:
//
// 1. A required read-only step that fits is taken at once, without an alternative. If there is an order from here on,
//    the step can be moved to its front: nothing has to precede it, and to the others it makes no difference.
// 2. Of equal steps, only the one that returns first is tried, optional ones last, by their calls. If there is an order
//    with another of them here and this one later, the two can change places: the first was allowed here, and whatever
//    has to follow the other was called after this one's return and thus already stands behind.
// 3. An optional step is not taken where it changes nothing, nor is it followed by a step that would have fitted
//    without it and left the same state: the order without the optional step is as good. Nor is it last.
// 4. What the model calls missed is not gone on with.
//
// 1 holds wherever the search stands, so that it does not get in the way of 3: what had fitted before the optional step
// had been taken before it. Only configurations that follow a required step are remembered: in the others 3 restricts
// what may come next, and a failure that is remembered should be one without restrictions.

/// How much a search may spend.
public struct SearchLimits: Sendable {
    /// How many steps it may try.
    public var steps: Int

    /// How many configurations it may remember, some hundred bytes each.
    public var configurations: Int

    /// Limits of these sizes.
    public init(steps: Int = 20_000_000, configurations: Int = 2_000_000) {
        self.steps = steps
        self.configurations = configurations
    }
}

/// What a search found. Steps are given by their places among those that were searched.
enum SearchOutcome {
    /// An order, without the optional steps that it does not need.
    case found(order: [Int])

    /// There is none. `order` is one of the longest beginnings, after which no step of `candidates` can be taken.
    case impossible(order: [Int], candidates: [Int])

    /// A limit was reached. At most `longest` of the required steps could be ordered until then.
    case undecided(longest: Int)
}

/// A search for one object's order.
struct LinearizabilitySearch<Model: SequentialModel> {
    /// A set of steps in some order, with the state they left: all that counts for what can follow.
    private struct Configuration: Hashable {
        let state: Model.State
        let words: [UInt64]
    }

    /// A place in the search: what was taken up to here, and what is still to be tried.
    private struct Frame {
        let state: Model.State

        /// The state before the last step, if that was an optional one.
        let stateWithoutLast: Model.State?

        /// How many steps had been taken before those that led here.
        let trailMark: Int

        let choicesStart: Int
        var nextChoice: Int
        let choicesEnd: Int
    }

    private enum Entry {
        case complete
        case open
        case deadEnd
        case exhausted
    }

    private var model: Model
    private let limits: SearchLimits
    private let steps: [Model.Step]

    /// The place that each step had when it was given. Here, required steps come first, each kind in order of calls.
    private let places: [Int]
    private let requiredCount: Int

    /// Equal steps have equal kinds.
    private let kinds: [Int]
    private var choiceOfKind: [Int]

    /// For each optional step, the number of events of required ones before its call.
    private let eventsBeforeOptional: [Int]

    /// For each event of required steps, how many of them were called before it.
    private let callsBefore: [Int32]

    private var pending: PendingCalls
    private var taken: [UInt64]
    private let firstOptionalWord: Int
    private var missing: Int
    private var fewestMissing: Int
    private var trail: [Int] = []
    private var frames: [Frame] = []
    private var choices: [Int] = []
    private var seen: Set<Configuration> = []
    private var tried = 0

    init(model: Model, steps timed: [TimedStep<Model.Step>], limits: SearchLimits) {
        self.limits = limits
        let required = timed.indices.filter { timed[$0].returnNs != nil }
        let optional = timed.indices.filter { timed[$0].returnNs == nil && !model.isReadOnly(timed[$0].step) }
        let byCall = { (a: Int, b: Int) in (timed[a].callNs, a) < (timed[b].callNs, b) }
        places = required.sorted(by: byCall) + optional.sorted(by: byCall)
        requiredCount = required.count
        steps = places.map { timed[$0].step }

        var model = model
        var kindOfStep: [Model.Step: Int] = [:]
        kinds = steps.map { step in
            let kind = kindOfStep[step] ?? kindOfStep.count
            kindOfStep[step] = kind
            return kind
        }
        choiceOfKind = Array(repeating: -1, count: kindOfStep.count)
        for (index, step) in steps.enumerated() { model.expect(step, isRequired: index < required.count) }
        self.model = model

        let timeline = Timeline(places[..<required.count].map { timed[$0] })
        pending = PendingCalls(stepCount: required.count, events: timeline.events)
        callsBefore = timeline.callsBefore
        eventsBeforeOptional = places[required.count...].map { timeline.count(before: timed[$0].callNs) }
        firstOptionalWord = (required.count + 63) / 64
        taken = Array(repeating: 0, count: firstOptionalWord + (optional.count + 63) / 64)
        missing = required.count
        fewestMissing = required.count
    }

    /// Searches.
    mutating func run() -> SearchOutcome {
        switch search(until: 0) {
        case .complete: return .found(order: trail.map { places[$0] })
        case .exhausted: return .undecided(longest: requiredCount - fewestMissing)
        case .open, .deadEnd: break
        }
        // The longest beginning is not kept while searching, as it would be copied too often. The same search finds it
        // again, and needs no longer than before.
        let longest = fewestMissing
        restart()
        _ = search(until: longest)
        return .impossible(order: trail.map { places[$0] }, candidates: candidates().map { places[$0] })
    }

    private mutating func restart() {
        seen.removeAll()
        frames.removeAll()
        choices.removeAll()
        tried = 0
    }

    /// Searches until only `goal` required steps are missing; with all tried in vain, nothing is taken any more.
    private mutating func search(until goal: Int) -> Entry {
        let entry = enter(model.initialState, stateWithoutLast: nil, trailMark: 0, goal: goal)
        if entry == .deadEnd { putBack(to: 0) }
        guard entry == .open else { return entry }
        while let frame = frames.last {
            guard frame.nextChoice < frame.choicesEnd else {
                frames.removeLast()
                choices.removeLast(choices.count - frame.choicesStart)
                putBack(to: frame.trailMark)
                continue
            }
            frames[frames.count - 1].nextChoice += 1
            tried += 1
            guard tried <= limits.steps else { return .exhausted }
            switch tryStep(choices[frame.nextChoice], from: frame.state, goal: goal) {
            case .complete: return .complete
            case .exhausted: return .exhausted
            case .open, .deadEnd: break
            }
        }
        return .deadEnd
    }

    private mutating func tryStep(_ step: Int, from state: Model.State, goal: Int) -> Entry {
        guard let next = model.apply(steps[step], to: state) else { return .deadEnd }
        let mark = trail.count
        take(step)
        guard next == state || !model.isMissed(state) else {
            putBack(to: mark)
            return .deadEnd
        }
        let stateWithoutLast = step < requiredCount ? nil : state
        let entry = enter(next, stateWithoutLast: stateWithoutLast, trailMark: mark, goal: goal)
        if entry == .deadEnd { putBack(to: mark) }
        return entry
    }

    /// Opens a frame for what can follow in `state`, unless there is nothing or it has been tried.
    private mutating func enter(
        _ state: Model.State,
        stateWithoutLast: Model.State?,
        trailMark: Int,
        goal: Int
    ) -> Entry {
        let hasRead = takeReadOnlySteps(fitting: state)
        fewestMissing = min(fewestMissing, missing)
        if missing <= goal { return .complete }
        let restriction = hasRead ? nil : stateWithoutLast
        if restriction == nil {
            guard seen.insert(configuration(state)).inserted else { return .deadEnd }
            guard seen.count <= limits.configurations else { return .exhausted }
        }
        let start = choices.count
        appendChoices(in: state, without: restriction)
        if choices.count == start { return .deadEnd }
        frames.append(
            Frame(
                state: state,
                stateWithoutLast: restriction,
                trailMark: trailMark,
                choicesStart: start,
                nextChoice: start,
                choicesEnd: choices.count
            )
        )
        return .open
    }
}

extension LinearizabilitySearch {
    /// Takes what fits and changes nothing, and says whether there was any.
    private mutating func takeReadOnlySteps(fitting state: Model.State) -> Bool {
        let mark = trail.count
        var event = pending.first
        while let step = pending.stepCalled(at: event) {
            let before = pending.event(before: event)
            if model.isReadOnly(steps[step]), model.apply(steps[step], to: state) != nil {
                take(step)
                event = pending.event(after: before)
            } else {
                event = pending.event(after: event)
            }
        }
        return trail.count > mark
    }

    /// Collects what can be taken in `state` and changes it: required steps by their returns, then optional ones.
    private mutating func appendChoices(in state: Model.State, without stateWithoutLast: Model.State?) {
        let start = choices.count
        var event = pending.first
        while let step = pending.stepCalled(at: event) {
            event = pending.event(after: event)
            guard !model.isReadOnly(steps[step]), canFollow(step, state, stateWithoutLast) else { continue }
            let place = choiceOfKind[kinds[step]]
            if place < 0 {
                choiceOfKind[kinds[step]] = choices.count
                choices.append(step)
            } else if pending.returnEvent(of: step) < pending.returnEvent(of: choices[place]) {
                choices[place] = step
            }
        }
        choices[start...].sort { pending.returnEvent(of: $0) < pending.returnEvent(of: $1) }
        for (offset, eventsBefore) in eventsBeforeOptional.enumerated() {
            // Events are counted from 1: a call behind `eventsBefore` of them comes before the one after those.
            guard event == 0 || eventsBefore < event else { break }
            let step = requiredCount + offset
            guard choiceOfKind[kinds[step]] < 0, !isTaken(step) else { continue }
            guard let next = model.apply(steps[step], to: state), next != state else { continue }
            guard canFollow(step, state, stateWithoutLast) else { continue }
            choiceOfKind[kinds[step]] = choices.count
            choices.append(step)
        }
        for choice in choices[start...] { choiceOfKind[kinds[choice]] = -1 }
    }

    /// Whether `step` fits, and would not have done the same without the optional step before it.
    private func canFollow(_ step: Int, _ state: Model.State, _ stateWithoutLast: Model.State?) -> Bool {
        guard let next = model.apply(steps[step], to: state) else { return false }
        guard let stateWithoutLast else { return true }
        return model.apply(steps[step], to: stateWithoutLast) != next
    }

    /// All steps that real time would allow to be taken next.
    private func candidates() -> [Int] {
        var found: [Int] = []
        var event = pending.first
        while let step = pending.stepCalled(at: event) {
            found.append(step)
            event = pending.event(after: event)
        }
        let optional = eventsBeforeOptional.indices.filter { event == 0 || eventsBeforeOptional[$0] < event }
        return found + optional.map { requiredCount + $0 }.filter { !isTaken($0) }
    }

    private mutating func take(_ step: Int) {
        trail.append(step)
        toggle(step)
        model.take(steps[step], isRequired: step < requiredCount)
        guard step < requiredCount else { return }
        pending.remove(step)
        missing -= 1
    }

    private mutating func putBack(to mark: Int) {
        while trail.count > mark {
            let step = trail.removeLast()
            toggle(step)
            model.putBack(steps[step], isRequired: step < requiredCount)
            guard step < requiredCount else { continue }
            pending.restore(step)
            missing += 1
        }
    }

    private func bit(_ step: Int) -> (word: Int, mask: UInt64) {
        guard step >= requiredCount else { return (step / 64, 1 << UInt64(step % 64)) }
        let offset = step - requiredCount
        return (firstOptionalWord + offset / 64, 1 << UInt64(offset % 64))
    }

    private func isTaken(_ step: Int) -> Bool {
        let bit = bit(step)
        return taken[bit.word] & bit.mask != 0
    }

    private mutating func toggle(_ step: Int) {
        let bit = bit(step)
        taken[bit.word] ^= bit.mask
    }

    /// The steps taken, without the many required ones before the first that is missing and behind the last that could
    /// have been taken: all taken ones were called before the first return that is left.
    private func configuration(_ state: Model.State) -> Configuration {
        var event = pending.first
        guard let firstMissing = pending.stepCalled(at: event) else {
            preconditionFailure("a search goes on only while required steps are missing")
        }
        while pending.stepCalled(at: event) != nil { event = pending.event(after: event) }
        let firstWord = firstMissing / 64
        let endWord = max(firstWord, (Int(callsBefore[event]) + 63) / 64)
        return Configuration(
            state: state,
            words: [UInt64(firstWord)] + taken[firstWord..<endWord] + taken[firstOptionalWord...]
        )
    }
}

/// Calls and returns in order of time. At equal times calls come first, so that what touches is concurrent.
private struct Timeline {
    /// The step of each event.
    private(set) var events: [Int32] = []

    /// For each event, counted from 1, how many calls come before it.
    private(set) var callsBefore: [Int32] = [0]

    private var times: [Int64] = []
    private var isReturn: [Bool] = []

    init<Step>(_ steps: [TimedStep<Step>]) {
        var moments: [(ns: Int64, kind: Int, step: Int)] = []
        for (index, step) in steps.enumerated() {
            guard let returnNs = step.returnNs else { preconditionFailure("only what returned has both events") }
            moments.append((step.callNs, 0, index))
            moments.append((returnNs, 1, index))
        }
        moments.sort { $0 < $1 }
        var calls: Int32 = 0
        for moment in moments {
            events.append(Int32(moment.step))
            callsBefore.append(calls)
            times.append(moment.ns)
            isReturn.append(moment.kind == 1)
            if moment.kind == 0 { calls += 1 }
        }
    }

    /// How many events come before a call at `callNs`.
    func count(before callNs: Int64) -> Int {
        var (low, high) = (0, events.count)
        while low < high {
            let middle = (low + high) / 2
            let isBefore = times[middle] < callNs || times[middle] == callNs && !isReturn[middle]
            if isBefore { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
