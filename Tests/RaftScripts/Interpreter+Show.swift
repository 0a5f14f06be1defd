import Raft

/// Commands that only look.
extension Interpreter {
    mutating func show(_ what: String, _ arguments: inout Arguments) throws(CommandError) {
        if what == "messages" {
            for envelope in network { say(text(of: envelope)) }
            return
        }
        let ids = arguments.isAtEnd ? nodes.map(\.id) : try several(&arguments)
        for id in ids {
            let node = try node(id)
            guard let core = node.core else {
                say("\(id) down")
                continue
            }
            switch what {
            case "status": say("\(id) \(core.status.text)\(core.isQuiet ? " asleep" : "")")
            case "progress": for follower in core.status.followers { say("\(id) sees \(follower.text)") }
            case "log": say("\(id) \(Self.log(of: node))")
            case "terms": say("\(id) \(core.termHistory.text)")
            case "machine": say("\(id) \(node.disk.machine.text)")
            case "configuration": say("\(id) \(core.configuration)")
            case "bytes": say("\(id) uncommitted \(core.uncommittedBytes)B cached \(core.cachedBytes)B")
            case "rejections":
                let counted = Rejection.allCases.filter { core.rejections[$0] > 0 }
                for reason in counted { say("\(id) turned away \(core.rejections[reason]) \(words(reason))") }
            default: preconditionFailure("'\(what)' is nothing that can be shown")
            }
        }
    }

    /// What is on disk, and behind a bar what was handed out to be written.
    private static func log(of node: Node) -> String {
        var text = node.disk.base == .origin ? "" : "base \(node.disk.base) "
        text += node.disk.entries.text
        let writes = node.unwritten.filter { !$0.entries.isEmpty }
        for write in writes { text += " | #\(write.id.rawValue) \(write.entries.text)" }
        return text
    }
}

extension TermHistory {
    /// `base 1/2, term 1 from 3, term 4 from 6, last 9`.
    fileprivate var text: String {
        let runs = runs.map { "term \($0.term) from \($0.first), " }.joined()
        return (base == .origin ? "" : "base \(base), ") + runs + "last \(lastIndex)"
    }
}

extension StateMachine {
    fileprivate var text: String {
        "holds \(commands.isEmpty ? "nothing" : commands.joined(separator: " ")) at \(applied)"
    }
}
