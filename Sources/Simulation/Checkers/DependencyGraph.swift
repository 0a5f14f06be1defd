// Who comes before whom, as a graph. Real time would take an edge for every pair of which one returned before the other
// was called; a chain of moments stands for them:
//
//     T1 returns ──▶ moment ──▶ moment ──▶ T2 is called            T1 before T2
//
// Every answer is a moment; a transaction leads to the moment of its answer, and the last moment before its call leads
// to it. So edges are few, and every path from one transaction to another along moments alone says what it should.

/// Why one node comes before another.
enum DependencyKind: UInt8, CaseIterable {
    case ww
    case wr
    case rw
    case time
    /// From the end of what was read of a list to what comes behind it. Only `rw` leads to such an end.
    case end

    var mask: UInt8 { 1 << rawValue }
}

/// A directed graph whose edges are known by their sources, each with a kind.
struct DependencyGraph {
    struct Edge {
        let target: Int32
        let kind: DependencyKind
        /// Which list is the reason.
        let list: Int32
    }

    private var starts: [Int32] = [0]
    private var edges: [Edge] = []
    let nodeCount: Int

    /// The edges in the order in which they were added, for each source.
    init(nodeCount: Int, edges added: [(source: Int, edge: Edge)]) {
        self.nodeCount = nodeCount
        var counts = [Int32](repeating: 0, count: nodeCount + 1)
        for (source, _) in added { counts[source + 1] += 1 }
        for node in 0..<nodeCount { counts[node + 1] += counts[node] }
        starts = counts
        guard let first = added.first else { return }
        edges = [Edge](repeating: first.edge, count: added.count)
        var next = counts
        for (source, edge) in added {
            edges[Int(next[source])] = edge
            next[source] += 1
        }
    }

    /// Where a node's edges lie.
    func edges(of node: Int) -> Range<Int> { Int(starts[node])..<Int(starts[node + 1]) }

    subscript(place: Int) -> Edge { edges[place] }

    /// Groups of nodes that all lead to each other by edges of these kinds, inside of `group` where one is given: those
    /// of more than one node. Tarjan's algorithm, with a stack of its own: circles may be long.
    func circles(_ kinds: UInt8, within group: [Int]? = nil) -> [[Int]] {
        var search = CircleSearch(self, kinds, group)
        return search.run(group)
    }

    /// The shortest path by edges of these kinds from `start` to `goal` with at least one edge, as places of edges.
    /// Only nodes for which `isInside` holds are passed. Moments of the chain and ends of lists cost nothing.
    func shortestPath(from start: Int, to goal: Int, _ kinds: UInt8, isInside: (Int) -> Bool) -> [Int]? {
        var arrival: [Int: (edge: Int, from: Int)] = [:]
        var levels = [[start]]
        var cost = 0
        var done: Set<Int> = []
        while cost < levels.count {
            var index = 0
            while index < levels[cost].count {
                let node = levels[cost][index]
                index += 1
                guard done.insert(node).inserted else { continue }
                for place in edges(of: node) {
                    let edge = edges[place]
                    let target = Int(edge.target)
                    guard edge.kind.mask & kinds != 0, isInside(target) else { continue }
                    if target == goal { return path(to: node, from: start, arrival) + [place] }
                    guard !done.contains(target) else { continue }
                    let isFree = edge.kind == .time || edge.kind == .end
                    let next = isFree ? cost : cost + 1
                    if arrival[target] == nil || isFree { arrival[target] = (place, node) }
                    if levels.count == next { levels.append([]) }
                    levels[next].append(target)
                }
            }
            cost += 1
        }
        return nil
    }

    private func path(to end: Int, from start: Int, _ arrival: [Int: (edge: Int, from: Int)]) -> [Int] {
        var path: [Int] = []
        var node = end
        while node != start, let step = arrival[node] {
            path.append(step.edge)
            node = step.from
        }
        return path.reversed()
    }
}

/// Tarjan's search for strongly connected components.
private struct CircleSearch {
    private let graph: DependencyGraph
    private let kinds: UInt8
    private var order: [Int32]
    private var low: [Int32]
    private var isOnStack: [Bool]
    private var isInside: [Bool]
    private var stack: [Int] = []
    private var calls: [(node: Int, nextEdge: Int)] = []
    private var counter: Int32 = 0
    private var found: [[Int]] = []

    init(_ graph: DependencyGraph, _ kinds: UInt8, _ group: [Int]?) {
        self.graph = graph
        self.kinds = kinds
        order = [Int32](repeating: -1, count: graph.nodeCount)
        low = order
        isOnStack = [Bool](repeating: false, count: graph.nodeCount)
        isInside = [Bool](repeating: group == nil, count: graph.nodeCount)
        for node in group ?? [] { isInside[node] = true }
    }

    mutating func run(_ group: [Int]?) -> [[Int]] {
        if let group {
            for node in group where order[node] < 0 { visit(node) }
        } else {
            for node in 0..<graph.nodeCount where order[node] < 0 { visit(node) }
        }
        return found
    }

    private mutating func open(_ node: Int) {
        order[node] = counter
        low[node] = counter
        counter += 1
        stack.append(node)
        isOnStack[node] = true
        calls.append((node, graph.edges(of: node).lowerBound))
    }

    private mutating func visit(_ root: Int) {
        open(root)
        while let call = calls.last {
            guard call.nextEdge < graph.edges(of: call.node).upperBound else {
                close(call.node)
                continue
            }
            calls[calls.count - 1].nextEdge += 1
            let edge = graph[call.nextEdge]
            let target = Int(edge.target)
            guard edge.kind.mask & kinds != 0, isInside[target] else { continue }
            if order[target] < 0 {
                open(target)
            } else if isOnStack[target] {
                low[call.node] = min(low[call.node], order[target])
            }
        }
    }

    private mutating func close(_ node: Int) {
        calls.removeLast()
        if let parent = calls.last?.node { low[parent] = min(low[parent], low[node]) }
        guard low[node] == order[node] else { return }
        var group: [Int] = []
        while let member = stack.popLast() {
            isOnStack[member] = false
            group.append(member)
            if member == node { break }
        }
        if group.count > 1 { found.append(group.sorted()) }
    }
}
