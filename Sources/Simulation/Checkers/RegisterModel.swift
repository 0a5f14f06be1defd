/// A register: it holds a text or nothing, and nothing at first.
///
/// Texts are numbered, per register. Number 0 is nothing; number 1 stands for every text that nobody says to have seen
/// or expected: no step can tell one of those from another, so they are one state, and writing them is one step.
struct RegisterModel: SequentialModel {
    static let nothing = 0
    static let unseen = 1

    enum Step: Hashable {
        /// A get that returned this.
        case read(Int)

        /// A put or a del.
        case write(Int)

        /// A cas that took place.
        case swap(expected: Int, new: Int)

        /// A cas that found something other than this.
        case refuse(expected: Int)
    }

    /// How many required steps that are not yet taken fit no state but this.
    private var needs: [Int]

    /// How many steps that are not yet taken lead to it.
    private var sources: [Int]

    var valueCount: Int { needs.count }

    var initialState: Int { Self.nothing }

    /// A register whose texts have numbers below `valueCount`.
    init(valueCount: Int) {
        needs = Array(repeating: 0, count: valueCount)
        sources = needs
    }

    func apply(_ step: Step, to state: Int) -> Int? {
        switch step {
        case .read(let value): value == state ? state : nil
        case .write(let value): value
        case .swap(let expected, let new): expected == state ? new : nil
        case .refuse(let expected): expected == state ? nil : state
        }
    }

    func isReadOnly(_ step: Step) -> Bool {
        switch step {
        case .read, .refuse: true
        case .write: false
        case .swap(let expected, let new): expected == new
        }
    }

    func isMissed(_ state: Int) -> Bool { needs[state] > 0 && sources[state] == 0 }

    mutating func expect(_ step: Step, isRequired: Bool) { count(step, isRequired, by: 1) }

    mutating func take(_ step: Step, isRequired: Bool) { count(step, isRequired, by: -1) }

    mutating func putBack(_ step: Step, isRequired: Bool) { count(step, isRequired, by: 1) }

    private mutating func count(_ step: Step, _ isRequired: Bool, by change: Int) {
        switch step {
        case .read(let value): needs[value] += isRequired ? change : 0
        case .write(let value): sources[value] += change
        case .swap(let expected, let new):
            needs[expected] += isRequired ? change : 0
            sources[new] += change
        case .refuse: break
        }
    }
}

/// The steps of one register's entries.
struct RegisterSteps {
    /// The model that the steps are for.
    let model: RegisterModel

    /// The steps that have to be ordered, and those without an outcome that somebody could notice.
    let steps: [TimedStep<RegisterModel.Step>]

    /// For each step its place among the entries.
    let entryOfStep: [Int]

    init(_ entries: [RegisterHistory.Entry]) {
        let numbers = ValueNumbers(entries)
        let all = entries.indices.compactMap { index in
            numbers.step(of: entries[index]).map { (index, $0) }
        }
        let notice = Notice(all.map(\.1), valueCount: numbers.count)
        let kept = all.filter { $0.1.returnNs != nil || notice.canNotice($0.1) }
        model = RegisterModel(valueCount: numbers.count)
        steps = kept.map(\.1)
        entryOfStep = kept.map(\.0)
    }
}

/// Numbers for the texts of one register.
private struct ValueNumbers {
    private var numbers: [[UInt8]: Int] = [:]

    var count: Int { numbers.count + 2 }

    /// Numbers for all texts that some operation saw or expected.
    init(_ entries: [RegisterHistory.Entry]) {
        for entry in entries {
            if case .value(let value) = entry.completion?.answer { add(value) }
            if case .cas(let expected, _) = entry.operation.action { add(expected) }
        }
    }

    /// The step of an entry; a get without an outcome is none, as it changes nothing and need not fit.
    func step(of entry: RegisterHistory.Entry) -> TimedStep<RegisterModel.Step>? {
        step(entry.operation.action, entry.completion?.answer).map {
            TimedStep(step: $0, callNs: entry.callNs, returnNs: entry.completion?.returnNs)
        }
    }

    private func step(_ action: RegisterOperation.Action, _ answer: RegisterOperation.Answer?) -> RegisterModel.Step? {
        switch (action, answer) {
        case (.get, .value(let value)): .read(number(value))
        case (.get, _): nil
        case (.put(let value), _): .write(number(value))
        case (.del, _): .write(RegisterModel.nothing)
        case (.cas(let expected, _), .swapped(false)): .refuse(expected: number(expected))
        case (.cas(let expected, let new), _): .swap(expected: number(expected), new: number(new))
        }
    }

    private func number(_ value: String?) -> Int {
        guard let value else { return RegisterModel.nothing }
        return numbers[Array(value.utf8)] ?? RegisterModel.unseen
    }

    private mutating func add(_ value: String?) {
        guard let value else { return }
        let bytes = Array(value.utf8)
        if numbers[bytes] == nil { numbers[bytes] = count }
    }
}

/// Whether anybody can notice a step whose outcome is unknown. If not, it is left out before the search begins.
///
/// Say the step leaves `v`, and look at an order in which it stands. What follows it, up to the next step that writes,
/// was not yet answered when the step was called, or it would have to precede it. Among that there is no read of `v`
/// and no swap that expected `v`, if none that returned later saw or expected it; and no refusal, if none returned
/// later. A swap of unknown outcome that expects `v` would be in the order only if it took effect: it counts as one
/// that sees `v`. So what follows is at most other writes, and those do the same without the step.
private struct Notice {
    private var lastSeenNs: [Int64]
    private var lastRefusalNs = Int64.min

    init(_ steps: [TimedStep<RegisterModel.Step>], valueCount: Int) {
        lastSeenNs = Array(repeating: Int64.min, count: valueCount)
        for step in steps {
            let returnNs = step.returnNs ?? Int64.max
            switch step.step {
            case .read(let value), .swap(let value, _): lastSeenNs[value] = max(lastSeenNs[value], returnNs)
            case .refuse: lastRefusalNs = max(lastRefusalNs, returnNs)
            case .write: break
            }
        }
    }

    func canNotice(_ step: TimedStep<RegisterModel.Step>) -> Bool {
        switch step.step {
        case .write(let value), .swap(_, let value): max(lastSeenNs[value], lastRefusalNs) >= step.callNs
        case .read, .refuse: true
        }
    }
}
