/// The nodes' networks: a namespace each, all on one bridge, where the harness itself is, too.
///
///     harness 10.77.0.254 ── bridge ─┬─ node 1, 10.77.0.1
///                                    ├─ node 2, 10.77.0.2      each with rules of its own on what it takes in
///                                    └─ node 3, 10.77.0.3      and lets out
///
/// It lies in the harness's own namespace of networks, so no name or address can be in anybody's way.
actor Network {
    /// What a node's firewall does with packets between it and other nodes. The harness's are never touched.
    enum Rule: Hashable, CustomStringConvertible {
        case dropFrom(Int)
        case dropTo(Int)
        /// Loses so many in a hundred of those from other nodes.
        case lose(percent: Int)
        /// Answers what comes from other nodes with a reset.
        case reset

        var description: String {
            switch self {
            case .dropFrom(let node): "hears nothing from \(node)"
            case .dropTo(let node): "says nothing to \(node)"
            case .lose(let percent): "loses \(percent) % of what comes from nodes"
            case .reset: "resets connections with nodes"
            }
        }
    }

    /// Rules that came together and go together.
    struct Handle: Hashable {
        fileprivate let number: Int
    }

    static func address(of node: Int) -> String { "10.77.0.\(node)" }

    static func namespace(of node: Int) -> String { "node\(node)" }

    private let nodes: ClosedRange<Int>
    private var active: [Handle: [(node: Int, rule: Rule)]] = [:]
    private var handles = 0

    init(nodes: ClosedRange<Int>) throws {
        self.nodes = nodes
        try Program.run(["ip", "link", "add", "gala0", "type", "bridge"])
        try Program.run(["ip", "addr", "add", "10.77.0.254/24", "dev", "gala0"])
        try Program.run(["ip", "link", "set", "gala0", "up"])
        for node in nodes { try Self.add(node) }
    }

    private static func add(_ node: Int) throws {
        let (name, link) = (namespace(of: node), link(of: node))
        try Program.run(["ip", "netns", "add", name])
        try Program.run(["ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name])
        try Program.run(["ip", "link", "set", link, "master", "gala0", "up"])
        try Program.run(["ip", "-n", name, "addr", "add", "\(address(of: node))/24", "dev", "eth0"])
        for device in ["eth0", "lo"] { try Program.run(["ip", "-n", name, "link", "set", device, "up"]) }
        let rules = """
            add table inet gala;
            add chain inet gala in { type filter hook input priority 0; };
            add chain inet gala out { type filter hook output priority 0; };
            """
        try Program.run(["ip", "netns", "exec", name, "nft", rules])
    }

    private static func link(of node: Int) -> String { "gala-node\(node)" }

    // MARK: Faults

    /// Puts rules in place, all of a node's at once.
    func add(_ rules: [(node: Int, rule: Rule)]) throws -> Handle {
        handles += 1
        let handle = Handle(number: handles)
        active[handle] = rules
        for node in Set(rules.map(\.node)) { try install(node) }
        return handle
    }

    /// Takes them away again.
    func remove(_ handle: Handle) throws {
        guard let rules = active.removeValue(forKey: handle) else { return }
        for node in Set(rules.map(\.node)) { try install(node) }
    }

    func setLink(of node: Int, isUp: Bool) throws {
        try Program.run(["ip", "link", "set", Self.link(of: node), isUp ? "up" : "down"])
    }

    /// Makes everything whole.
    func heal() throws {
        active = [:]
        for node in nodes {
            try install(node)
            try setLink(of: node, isUp: true)
        }
    }

    private func install(_ node: Int) throws {
        var lines = ["flush chain inet gala in", "flush chain inet gala out"]
        let others = nodes.filter { $0 != node }.map { Self.address(of: $0) }.joined(separator: ", ")
        for (_, rules) in active {
            for entry in rules where entry.node == node { lines.append(Self.line(entry.rule, others: others)) }
        }
        try Program.run(["ip", "netns", "exec", Self.namespace(of: node), "nft", lines.joined(separator: "; ")])
    }

    private static func line(_ rule: Rule, others: String) -> String {
        switch rule {
        case .dropFrom(let peer): "add rule inet gala in ip saddr \(address(of: peer)) drop"
        case .dropTo(let peer): "add rule inet gala out ip daddr \(address(of: peer)) drop"
        case .lose(let percent):
            "add rule inet gala in ip saddr { \(others) } numgen random mod 100 < \(percent) drop"
        case .reset: "add rule inet gala in ip saddr { \(others) } meta l4proto tcp reject with tcp reset"
        }
    }
}
