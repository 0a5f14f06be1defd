import Raft

/// Which messages a command means: `1→2`, `*→2 append`, `1→* heartbeat append`.
struct Link: Hashable {
    /// Nil: anybody.
    let from: NodeID?
    /// Nil: anybody.
    let to: NodeID?
    /// Empty: of any kind.
    var kinds: [String] = []

    func matches(_ envelope: Envelope) -> Bool {
        (from == nil || from == envelope.from) && (to == nil || to == envelope.to)
            && (kinds.isEmpty || kinds.contains(envelope.message.kind))
    }
}

extension Arguments {
    /// `1→2`, where `*` stands for any node.
    mutating func link() throws(CommandError) -> Link {
        let word = try word("a link")
        let ends = word.split(separator: "→")
        guard ends.count == 2 else { throw CommandError("a link is '1→2', not '\(word)'") }
        return Link(from: try Self.end(ends[0]), to: try Self.end(ends[1]))
    }

    /// A link between two nodes that are named.
    mutating func namedLink() throws(CommandError) -> (from: NodeID, to: NodeID) {
        let link = try link()
        guard let from = link.from, let to = link.to else { throw CommandError("both nodes must be named") }
        return (from, to)
    }

    /// A link and the kinds of messages on it.
    mutating func messages() throws(CommandError) -> Link {
        var link = try link()
        while let word = peeked, Message.kinds.contains(word) { link.kinds.append(try self.word("a kind")) }
        return link
    }

    private static func end(_ text: Substring) throws(CommandError) -> NodeID? {
        text == "*" ? nil : NodeID(UInt64(try number(String(text), "a node")))
    }
}
