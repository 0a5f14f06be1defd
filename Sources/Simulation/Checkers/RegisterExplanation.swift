/// Says in the words of the history why its operations cannot go on after a beginning.
struct RegisterExplanation {
    let entries: [RegisterHistory.Entry]

    /// The beginning, as places among the entries.
    let order: [Int]

    /// What real time allows to be next.
    let candidates: [Int]

    var deadEnd: RegisterLinearizability.DeadEnd {
        let value = order.reduce(nil) { value, place in content(after: entries[place], value) }
        let ordered = Set(order)
        let waiting = entries.indices.filter { !ordered.contains($0) }.map { entries[$0] }
        return .init(
            ordered: order.map { entries[$0] },
            value: value,
            obstacles: candidates.map { place in
                .init(entry: entries[place], reason: reason(against: entries[place], value, waiting))
            }
        )
    }

    /// What the register holds after an operation that took effect while it held `value`.
    private func content(after entry: RegisterHistory.Entry, _ value: String?) -> String? {
        switch (entry.operation.action, entry.completion?.answer) {
        case (.get, _), (.cas, .swapped(false)): value
        case (.put(let new), _): new
        case (.cas(_, let new), _): new
        case (.del, _): nil
        }
    }

    private func reason(
        against entry: RegisterHistory.Entry,
        _ value: String?,
        _ waiting: [RegisterHistory.Entry]
    ) -> String {
        switch (entry.operation.action, entry.completion?.answer) {
        case (_, .none): return "may have happened or not; neither helps"
        case (_, .value(let seen)): return "the register holds \(quoted(value))\(origin(of: seen))"
        case (.cas(let expected, _), .swapped(true)) where !isSame(expected, value):
            return "the register holds \(quoted(value))\(origin(of: expected))"
        case (_, .swapped(false)): return "the register holds just what was expected"
        default: break
        }
        guard let reader = waiting.first(where: { $0 != entry && needs($0, value) }) else {
            return "whatever follows gets stuck"
        }
        return "nobody would write \(quoted(value)) again, yet there is still \(reader)"
    }

    /// What is wrong with a value wherever it is seen.
    private func origin(of seen: String?) -> String {
        guard let seen else { return "" }
        let isWritten = entries.contains { entry in
            switch (entry.operation.action, entry.completion?.answer) {
            case (_, .swapped(false)), (.get, _), (.del, _): false
            case (.put(let new), _): isSame(new, seen)
            case (.cas(_, let new), _): isSame(new, seen)
            }
        }
        return isWritten ? "" : ", and nobody ever writes \(quoted(seen))"
    }

    /// Whether an operation with an outcome fits only while the register holds `value`.
    private func needs(_ entry: RegisterHistory.Entry, _ value: String?) -> Bool {
        switch (entry.operation.action, entry.completion?.answer) {
        case (_, .value(let seen)): isSame(seen, value)
        case (.cas(let expected, _), .swapped(true)): isSame(expected, value)
        default: false
        }
    }

    private func isSame(_ one: String?, _ other: String?) -> Bool {
        switch (one, other) {
        case (.none, .none): true
        case (.some(let one), .some(let other)): one.utf8.elementsEqual(other.utf8)
        default: false
        }
    }
}
