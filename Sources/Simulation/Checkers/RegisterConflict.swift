// Most broken histories can be told without a search, and explained in one sentence (after Gibbons and Korach, Testing
// Shared Memories, 1997). A text that only one step writes is held without a break: from the first return of a step
// that wrote or saw it to the last call of one that saw it.
//
//     put 1   |----|                                      the register holds 1 …
//     get 1                            |-----|
//                  …………………………………………                     … all along this line, so that neither
//     put 2            |-----|                            a write within it can be ordered
//     get 3            |--------------------------|       nor anything that makes 3 be held at the same time
//
// What is found so is no order's fault. Finding nothing says nothing: the search has to decide then.

/// Steps that no order can reconcile. Steps are given by their places among those that were judged.
enum RegisterConflict: Equatable {
    /// `reader` saw what no step had been called to write when it returned.
    case unwritten(reader: Int)

    /// What is held from `first` (nil: the beginning) to `last` contradicts what `others` show.
    case held(first: Int?, last: Int, others: [Int])

    /// A conflict among `steps`, if there is one that can be seen without a search.
    init?(_ steps: [TimedStep<RegisterModel.Step>], model: RegisterModel) {
        var spans = (0..<model.valueCount).map { Span(value: $0) }
        spans[RegisterModel.nothing].addBeginning()
        for (index, step) in steps.enumerated() { Self.add(index, step, to: &spans) }
        for (index, step) in steps.enumerated() {
            guard let returnNs = step.returnNs, let needed = Self.needed(by: step.step) else { continue }
            guard returnNs < spans[needed].earliestSourceNs else { continue }
            self = .unwritten(reader: index)
            return
        }
        let held = spans.filter(\.isHeld).sorted { ($0.firstNs, $0.value) < ($1.firstNs, $1.value) }
        guard let found = Self.overlap(held) ?? Self.intruder(held, steps, model) else { return nil }
        self = found
    }

    private static func add(_ index: Int, _ step: TimedStep<RegisterModel.Step>, to spans: inout [Span]) {
        switch step.step {
        case .read(let value): spans[value].addWitness(index, step)
        case .write(let value): spans[value].addSource(index, step)
        case .swap(let expected, let new):
            spans[expected].addWitness(index, step)
            spans[new].addSource(index, step)
        case .refuse: break
        }
    }

    /// What the register has to hold for a step to be taken.
    private static func needed(by step: RegisterModel.Step) -> Int? {
        switch step {
        case .read(let value): value
        case .swap(let expected, _): expected
        case .write, .refuse: nil
        }
    }

    /// Two texts that are held at the same time.
    private static func overlap(_ held: [Span]) -> RegisterConflict? {
        for (one, other) in zip(held, held.dropFirst()) where other.firstNs < one.lastNs {
            return .held(first: one.first, last: one.last, others: [other.first, other.last].compactMap { $0 })
        }
        return nil
    }

    /// A step that happened while one text was held, and does not leave it as it is. No two texts are held at a time.
    private static func intruder(
        _ held: [Span],
        _ steps: [TimedStep<RegisterModel.Step>],
        _ model: RegisterModel
    ) -> RegisterConflict? {
        for (index, step) in steps.enumerated() {
            guard let returnNs = step.returnNs else { continue }
            let after = held.partitioningIndex { $0.firstNs >= step.callNs }
            guard after > 0 else { continue }
            let span = held[after - 1]
            guard returnNs < span.lastNs, model.apply(step.step, to: span.value) != span.value else { continue }
            return .held(first: span.first, last: span.last, others: [index])
        }
        return nil
    }
}

/// What is known of the time in which one text was held.
private struct Span {
    let value: Int
    private(set) var earliestSourceNs = Int64.max
    private var sourceCount = 0

    /// The first return, and of which step; no step for the beginning.
    private(set) var firstNs = Int64.max
    private(set) var first: Int?

    /// The last call, and of which step.
    private(set) var lastNs = Int64.min
    private(set) var last = 0

    init(value: Int) { self.value = value }

    /// Whether it was held without a break, and for more than a moment.
    var isHeld: Bool { sourceCount == 1 && firstNs < lastNs }

    /// The register held it at first.
    mutating func addBeginning() {
        sourceCount += 1
        earliestSourceNs = .min
        firstNs = .min
    }

    mutating func addSource(_ index: Int, _ step: TimedStep<RegisterModel.Step>) {
        sourceCount += 1
        earliestSourceNs = min(earliestSourceNs, step.callNs)
        addWitness(index, step)
    }

    /// A step that must have been taken and shows that the text was held. Others show nothing.
    mutating func addWitness(_ index: Int, _ step: TimedStep<RegisterModel.Step>) {
        guard let returnNs = step.returnNs else { return }
        if returnNs < firstNs { (firstNs, first) = (returnNs, index) }
        if step.callNs > lastNs { (lastNs, last) = (step.callNs, index) }
    }
}

extension Array {
    /// The first place whose element, like all behind it, satisfies `isBehind`; the end if none does.
    fileprivate func partitioningIndex(where isBehind: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
