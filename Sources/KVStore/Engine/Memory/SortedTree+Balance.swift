/// How trees are taken apart and put together again. Every function here takes balanced trees and returns one.
extension SortedTree {
    /// How many times as heavy as its sibling a tree may be.
    static let weightRatio = 3
    /// A rotation is single if the inner tree is lighter than this many times the outer one, double otherwise.
    private static let rotationRatio = 2

    static func count(_ node: Node?) -> Int { node?.count ?? 0 }

    static func putting(_ key: [UInt8], _ value: [UInt8], in node: Node?) -> Node {
        guard let node else { return Node(nil, key, value, nil) }
        let order = KeyOrder.compare(key, node.key)
        if order == 0 { return Node(node.left, key, value, node.right) }
        if order < 0 { return balance(putting(key, value, in: node.left), node, node.right) }
        return balance(node.left, node, putting(key, value, in: node.right))
    }

    /// The tree without `key`, which is in it.
    static func deleting(_ key: [UInt8], in node: Node?) -> Node? {
        guard let node else { preconditionFailure("a key that is not there was deleted") }
        let order = KeyOrder.compare(key, node.key)
        if order == 0 { return merge(node.left, node.right) }
        if order < 0 { return balance(deleting(key, in: node.left), node, node.right) }
        return balance(node.left, node, deleting(key, in: node.right))
    }

    /// The entries before `key`, and the others.
    static func split(_ node: Node?, at key: [UInt8]) -> (Node?, Node?) {
        guard let node else { return (nil, nil) }
        if KeyOrder.compare(node.key, key) < 0 {
            let (before, behind) = split(node.right, at: key)
            return (link(node.left, node, before), behind)
        }
        let (before, behind) = split(node.left, at: key)
        return (before, link(behind, node, node.right))
    }

    /// One tree of `left`, the entry of `middle`, and `right`, in this order.
    static func link(_ left: Node?, _ middle: Node, _ right: Node?) -> Node {
        if let right, isTooHeavy(right, beside: left) {
            return balance(link(left, middle, right.left), right, right.right)
        }
        if let left, isTooHeavy(left, beside: right) {
            return balance(left.left, left, link(left.right, middle, right))
        }
        return Node(left, middle.key, middle.value, right)
    }

    /// One tree of `left` and `right`, in this order.
    static func merge(_ left: Node?, _ right: Node?) -> Node? {
        guard let left else { return right }
        guard let right else { return left }
        if isTooHeavy(right, beside: left) { return balance(merge(left, right.left), right, right.right) }
        if isTooHeavy(left, beside: right) { return balance(left.left, left, merge(left.right, right)) }
        if left.count > right.count {
            let (rest, last) = removingLast(left)
            return balance(rest, last, right)
        }
        let (first, rest) = removingFirst(right)
        return balance(left, first, rest)
    }

    private static func removingFirst(_ node: Node) -> (Node, Node?) {
        guard let left = node.left else { return (node, node.right) }
        let (first, rest) = removingFirst(left)
        return (first, balance(rest, node, node.right))
    }

    private static func removingLast(_ node: Node) -> (Node?, Node) {
        guard let right = node.right else { return (node.left, node) }
        let (rest, last) = removingLast(right)
        return (balance(node.left, node, rest), last)
    }

    /// Like `link`, for sides that were balanced and of which one has changed by a little.
    private static func balance(_ left: Node?, _ middle: Node, _ right: Node?) -> Node {
        if let right, isTooHeavy(right, beside: left) { return rotateLeft(left, middle, right) }
        if let left, isTooHeavy(left, beside: right) { return rotateRight(left, middle, right) }
        return Node(left, middle.key, middle.value, right)
    }

    private static func rotateLeft(_ left: Node?, _ middle: Node, _ right: Node) -> Node {
        if let inner = right.left, inner.count >= rotationRatio * count(right.right) {
            return Node(
                Node(left, middle.key, middle.value, inner.left),
                inner.key,
                inner.value,
                Node(inner.right, right.key, right.value, right.right)
            )
        }
        return Node(Node(left, middle.key, middle.value, right.left), right.key, right.value, right.right)
    }

    private static func rotateRight(_ left: Node, _ middle: Node, _ right: Node?) -> Node {
        if let inner = left.right, inner.count >= rotationRatio * count(left.left) {
            return Node(
                Node(left.left, left.key, left.value, inner.left),
                inner.key,
                inner.value,
                Node(inner.right, middle.key, middle.value, right)
            )
        }
        return Node(left.left, left.key, left.value, Node(left.right, middle.key, middle.value, right))
    }

    /// A single entry beside nothing is balanced; otherwise the ratio decides.
    static func isTooHeavy(_ node: Node, beside sibling: Node?) -> Bool {
        let other = count(sibling)
        return node.count + other > 1 && node.count > weightRatio * other
    }
}
