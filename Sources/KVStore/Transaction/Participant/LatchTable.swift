/// Who uses which keys and ranges of a partition just now, in its leader's memory.
///
/// A latch is held from before a transaction's timestamp is fetched until its entry is applied: in between nobody else
/// can tell on which side of the timestamp he is.
///
/// Dictionaries are looked up only; lists are in the order in which latches were taken.
struct LatchTable {
    private struct Held {
        let number: UInt64
        let mode: ClaimMode
    }

    private var keys: [[UInt8]: [Held]] = [:]
    private var ranges: [(range: KeyRange, number: UInt64)] = []
    private var claims: [UInt64: Claims] = [:]

    var isEmpty: Bool { claims.isEmpty }

    /// Takes everything that a request claims.
    mutating func acquire(_ wanted: Claims, for number: UInt64) {
        precondition(claims[number] == nil, "a request takes its latches once")
        claims[number] = wanted
        for claim in wanted.points { keys[claim.key, default: []].append(Held(number: number, mode: claim.mode)) }
        for range in wanted.ranges { ranges.append((range, number)) }
    }

    /// Lets go everything that a request has taken; nothing, if it has taken nothing.
    mutating func release(_ number: UInt64) {
        guard let held = claims.removeValue(forKey: number) else { return }
        for claim in held.points {
            keys[claim.key]?.removeAll { $0.number == number }
            if keys[claim.key]?.isEmpty == true { keys[claim.key] = nil }
        }
        if !held.ranges.isEmpty { ranges.removeAll { $0.number == number } }
    }

    func holds(_ number: UInt64) -> Bool { claims[number] != nil }

    /// The first request that is in the way of these claims, of those that count.
    func conflict(with wanted: Claims, where counts: (UInt64) -> Bool = { _ in true }) -> (UInt64, key: [UInt8])? {
        if claims.isEmpty { return nil }
        for claim in wanted.points {
            let held = keys[claim.key]?.first { !claim.mode.isCompatible(with: $0.mode) && counts($0.number) }
            if let held { return (held.number, claim.key) }
            guard claim.mode.changes else { continue }
            let range = ranges.first { $0.range.contains(claim.key) && counts($0.number) }
            if let range { return (range.number, claim.key) }
        }
        for range in wanted.ranges {
            if let found = holders(changing: range).first(where: counts) { return (found, range.lower) }
        }
        return nil
    }

    /// Who may give one of these keys another value, in the order in which their latches were taken, each once.
    func holders(changing wanted: [[UInt8]]) -> [UInt64] {
        if claims.isEmpty { return [] }
        var numbers: [UInt64] = []
        for key in wanted {
            for held in keys[key] ?? [] where held.mode.changes && !numbers.contains(held.number) {
                numbers.append(held.number)
            }
        }
        return numbers.sorted()
    }

    /// Who may change something in this range, in the order in which their latches were taken.
    func holders(changing range: KeyRange) -> [UInt64] {
        if claims.isEmpty { return [] }
        return claims.keys.sorted().filter { number in
            claims[number]?.points.contains { $0.mode.changes && range.contains($0.key) } ?? false
        }
    }
}
