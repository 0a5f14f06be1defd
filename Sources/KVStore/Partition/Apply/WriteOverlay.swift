/// What the commands of a batch have written so far, for the conditions of those behind them: the engine sees the batch
/// only as a whole.
///
/// Single keys lie in a dictionary, which is looked up and never iterated. Deleted ranges lie in a tree, cut so that
/// they do not overlap. Each carries the number of the operation that made it, and the later one counts.
///
///     ranges    ├───3───┤      ├────7────┼──9──┤
///     keys         5 ▲    8 ▲     6 ▲
///           there, put by 5 ┘       └ gone, deleted by 7
struct WriteOverlay {
    private struct Change {
        let number: Int
        let value: ArraySlice<UInt8>?
    }

    private let keys: PartitionKeys
    private var points: [ArraySlice<UInt8>: Change] = [:]
    /// By the engine's lower key: number, then the engine's upper key.
    private var ranges = SortedTree()
    private var number = 0

    init(_ keys: PartitionKeys) { self.keys = keys }

    /// What a key was last given.
    enum Value: Equatable {
        case untouched
        case absent
        case present(ArraySlice<UInt8>)
    }

    /// What the batch has made of a key.
    func value(of key: ArraySlice<UInt8>) -> Value {
        let deletion = ranges.count == 0 ? nil : deletion(of: keys.user(key))
        guard let change = points[key], change.number > deletion ?? 0 else {
            return deletion == nil ? .untouched : .absent
        }
        return change.value.map { .present($0) } ?? .absent
    }

    /// Notes that a key has this value from now on, or is gone.
    mutating func set(_ key: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>?) {
        number += 1
        points[key] = Change(number: number, value: value)
    }

    /// Notes that a range of the engine's keys is gone.
    mutating func delete(_ range: KeyRange) {
        guard !range.isEmpty else { return }
        number += 1
        // What reaches over an end of the range is cut there; the last one that begins before the upper end may be
        // the one that reaches over the lower end as well.
        let last = segment(before: range.upper)
        if let first = segment(before: range.lower), KeyOrder.compare(first.range.upper, range.lower) > 0 {
            put(KeyRange(first.range.lower, range.lower), first.number)
        }
        ranges.delete(range)
        if let last, KeyOrder.compare(last.range.upper, range.upper) > 0 {
            put(KeyRange(range.upper, last.range.upper), last.number)
        }
        put(range, number)
    }

    private func deletion(of key: [UInt8]) -> Int? {
        // The shortest key behind `key` itself: a range that begins with it counts too.
        guard let segment = segment(before: key + [0]), segment.range.contains(key) else { return nil }
        return segment.number
    }

    /// The last range that begins before `key`.
    private func segment(before key: [UInt8]) -> (range: KeyRange, number: Int)? {
        let rank = ranges.rank(of: key) - 1
        guard rank >= 0 else { return nil }
        let node = ranges[rank: rank]
        let number = node.value.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        return (KeyRange(node.key, Array(node.value.dropFirst(8))), number)
    }

    private mutating func put(_ range: KeyRange, _ number: Int) {
        var value: [UInt8] = []
        value.reserveCapacity(8 + range.upper.count)
        value.appendFixed(UInt64(number))
        value.append(contentsOf: range.upper)
        ranges.put(range.lower, value)
    }
}
