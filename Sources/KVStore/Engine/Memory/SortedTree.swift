/// An ordered map that is a value: copying it costs nothing, and a changed copy shares all but a path with the old one.
///
/// It is a weight-balanced tree (Adams 1993; Hirai and Yamamoto 2011 for the constants): neither side of a node
/// is more than three times as heavy as the other. Weights are counts of entries, so that an entry is also found by its
/// rank, which is all that an iterator needs to remember. Every operation is O(log n), cutting a range included.
///
///            node            link(left, node, right)   joins around an entry, whatever the weights
///           ╱    ╲           merge(left, right)        joins without one
///       left      right      split(tree, key)          keys before `key` │ `key` and what follows
struct SortedTree: Sendable {
    /// An entry and the two trees around it. Never changed once made, hence shared freely.
    final class Node: Sendable {
        let key: [UInt8]
        let value: [UInt8]
        let left: Node?
        let right: Node?
        let count: Int

        init(_ left: Node?, _ key: [UInt8], _ value: [UInt8], _ right: Node?) {
            self.left = left
            self.key = key
            self.value = value
            self.right = right
            count = SortedTree.count(left) + SortedTree.count(right) + 1
        }
    }

    private(set) var root: Node?

    /// The empty map.
    init() {}

    /// How many entries there are.
    var count: Int { Self.count(root) }

    /// The value of a key.
    func value(of key: [UInt8]) -> [UInt8]? {
        var node = root
        while let here = node {
            let order = KeyOrder.compare(key, here.key)
            if order == 0 { return here.value }
            node = order < 0 ? here.left : here.right
        }
        return nil
    }

    /// How many entries have a key before `key`.
    func rank(of key: [UInt8]) -> Int {
        var node = root
        var before = 0
        while let here = node {
            if KeyOrder.compare(here.key, key) < 0 {
                before += Self.count(here.left) + 1
                node = here.right
            } else {
                node = here.left
            }
        }
        return before
    }

    /// The entry with `rank` entries before it.
    subscript(rank rank: Int) -> Node {
        var node = root
        var rank = rank
        while let here = node {
            let before = Self.count(here.left)
            if rank == before { return here }
            if rank < before {
                node = here.left
            } else {
                rank -= before + 1
                node = here.right
            }
        }
        preconditionFailure("no entry has this rank")
    }

    /// Gives the key this value.
    mutating func put(_ key: [UInt8], _ value: [UInt8]) {
        root = Self.putting(key, value, in: root)
    }

    /// Removes the key, if it is there.
    mutating func delete(_ key: [UInt8]) {
        guard value(of: key) != nil else { return }
        root = Self.deleting(key, in: root)
    }

    /// Removes all keys of the range.
    mutating func delete(_ range: KeyRange) {
        guard rank(of: range.lower) < rank(of: range.upper) else { return }
        let (before, rest) = Self.split(root, at: range.lower)
        let (_, behind) = Self.split(rest, at: range.upper)
        root = Self.merge(before, behind)
    }

    /// Applies the operations of a batch in their order.
    mutating func apply(_ batch: WriteBatch) {
        for operation in batch.operations {
            switch operation {
            case .put(let key, let value): put(key, value)
            case .delete(let key): delete(key)
            case .deleteRange(let range): delete(range)
            }
        }
    }
}
