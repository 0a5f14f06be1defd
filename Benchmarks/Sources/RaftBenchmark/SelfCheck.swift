import AllocationCounter

/// Makes sure that allocations are counted at all: where the Swift runtime finds another malloc than this program's,
/// the counter would stand still and every figure would look perfect.
enum SelfCheck {
    static func run() throws {
        let count = 1000
        var kept: [[UInt8]] = []
        kept.reserveCapacity(count)
        let before = allocation_count()
        for size in 1...count { kept.append([UInt8](repeating: 1, count: size)) }
        let after = allocation_count()
        let payload = UInt64(kept.reduce(0) { $0 + $1.count })
        guard after.calls - before.calls == UInt64(count), after.bytes - before.bytes > payload else {
            throw BenchmarkFailure("\(count) arrays were made, \(after.calls - before.calls) allocations were counted")
        }
    }
}
