import Simulation

/// Whether entries of one register have an order, found by trying all of them: short enough to be seen to be right.
func hasOrder(_ entries: [Entry], after value: String? = nil) -> Bool {
    if entries.allSatisfy({ $0.completion == nil }) { return true }
    return entries.indices.contains { index in
        let entry = entries[index]
        var others = entries
        others.remove(at: index)
        guard others.allSatisfy({ !precedes($0, entry) }) else { return false }
        return outcomes(of: entry, in: value).contains { hasOrder(others, after: $0) }
    }
}

private func precedes(_ one: Entry, _ other: Entry) -> Bool {
    guard let completion = one.completion else { return false }
    return completion.returnNs < other.callNs
}

/// What the register can hold after `entry`, if it can be next.
private func outcomes(of entry: Entry, in value: String?) -> [String?] {
    switch (entry.operation.action, entry.completion?.answer) {
    case (.get, .value(let seen)): seen == value ? [value] : []
    case (.get, _): [value]
    case (.put(let new), _): [new]
    case (.del, _): [nil]
    case (.cas(let expected, let new), .swapped(true)): expected == value ? [new] : []
    case (.cas(let expected, _), .swapped): expected == value ? [] : [value]
    case (.cas(let expected, let new), _): expected == value ? [new] : [value]
    }
}
