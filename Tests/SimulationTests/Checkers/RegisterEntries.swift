import Simulation

// Entries of the register "x", as tests write them: what, and from when to when; without an end the outcome is unknown.

typealias Entry = RegisterHistory.Entry

func put(_ value: String, _ callNs: Int64, _ returnNs: Int64?, key: String = "x") -> Entry {
    entry(.put(value), .done, callNs, returnNs, key: key)
}

func del(_ callNs: Int64, _ returnNs: Int64?, key: String = "x") -> Entry {
    entry(.del, .done, callNs, returnNs, key: key)
}

func get(_ value: String?, _ callNs: Int64, _ returnNs: Int64?, key: String = "x") -> Entry {
    entry(.get, .value(value), callNs, returnNs, key: key)
}

func cas(
    _ expected: String?,
    _ new: String?,
    swapped: Bool = true,
    _ callNs: Int64,
    _ returnNs: Int64?,
    key: String = "x"
) -> Entry {
    entry(.cas(expected: expected, new: new), .swapped(swapped), callNs, returnNs, key: key)
}

private func entry(
    _ action: RegisterOperation.Action,
    _ answer: RegisterOperation.Answer,
    _ callNs: Int64,
    _ returnNs: Int64?,
    key: String
) -> Entry {
    Entry(
        client: 0,
        operation: .init(key: key, action: action),
        callNs: callNs,
        completion: returnNs.map { .init(answer: answer, returnNs: $0) }
    )
}

func verdict(_ entries: [Entry]) -> RegisterLinearizability.Verdict {
    RegisterLinearizability(of: RegisterHistory(entries: entries)).verdict
}
