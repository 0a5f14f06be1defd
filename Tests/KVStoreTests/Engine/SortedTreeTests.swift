import Testing

@testable import KVStore

@Suite("The persistent tree below the in-memory engine")
struct SortedTreeTests {
    @Test(
        "It stays ordered, balanced and equal to a dictionary under random operations",
        arguments: 1...8 as ClosedRange<UInt64>
    )
    func model(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var tree = SortedTree()
        var model: [[UInt8]: [UInt8]] = [:]
        let keyCount = Int.random(in: 10...2000, using: &random)
        func key(_ number: Int) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 255)] }
        for step in 0..<3000 {
            let number = Int.random(in: 0..<keyCount, using: &random)
            switch Int.random(in: 0..<20, using: &random) {
            case 0:
                let end = min(keyCount, number + Int.random(in: 0...keyCount / 8, using: &random))
                let range = KeyRange(key(number), key(end))
                tree.delete(range)
                for gone in number..<end { model[key(gone)] = nil }
            case 1..<6:
                tree.delete(key(number))
                model[key(number)] = nil
            default:
                tree.put(key(number), [UInt8(truncatingIfNeeded: step)])
                model[key(number)] = [UInt8(truncatingIfNeeded: step)]
            }
            if step % 50 == 0 { expectEqual(tree, model) }
        }
        expectEqual(tree, model)
    }

    @Test("Ascending and descending insertion stay balanced")
    func monotone() {
        var ascending = SortedTree()
        var descending = SortedTree()
        for number in 0..<10_000 {
            ascending.put([UInt8(number >> 8), UInt8(number & 255)], [])
            let mirrored = 9_999 - number
            descending.put([UInt8(mirrored >> 8), UInt8(mirrored & 255)], [])
        }
        #expect(ascending.isBalanced && descending.isBalanced)
        #expect(ascending.count == 10_000 && descending.count == 10_000)
        ascending.delete(KeyRange([0], [38]))
        #expect(ascending.isBalanced)
        #expect(ascending.count == 10_000 - 38 * 256)
    }

    @Test("A copy does not see later changes")
    func copies() {
        var tree = SortedTree()
        for number in 0..<100 { tree.put([UInt8(number)], [0]) }
        let copy = tree
        tree.delete(KeyRange([10], [90]))
        tree.put([5], [1])
        #expect(copy.count == 100)
        #expect(copy.value(of: [5]) == [0])
        #expect(tree.count == 20)
    }

    private func expectEqual(_ tree: SortedTree, _ model: [[UInt8]: [UInt8]]) {
        #expect(tree.isBalanced)
        #expect(tree.count == model.count)
        let keys = model.keys.sorted { $0.lexicographicallyPrecedes($1) }
        #expect((0..<tree.count).map { tree[rank: $0].key } == keys)
        #expect(keys.allSatisfy { tree.value(of: $0) == model[$0] })
        #expect(keys.enumerated().allSatisfy { tree.rank(of: $1) == $0 })
    }
}

extension SortedTree {
    /// The invariant of the type: counts are right, and no side is too heavy.
    fileprivate var isBalanced: Bool {
        func holds(_ node: Node?) -> Bool {
            guard let node else { return true }
            if let left = node.left, Self.isTooHeavy(left, beside: node.right) { return false }
            if let right = node.right, Self.isTooHeavy(right, beside: node.left) { return false }
            guard node.count == Self.count(node.left) + Self.count(node.right) + 1 else { return false }
            return holds(node.left) && holds(node.right)
        }
        return holds(root)
    }
}
