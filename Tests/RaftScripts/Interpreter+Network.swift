import Raft

/// Messages on their way.
extension Interpreter {
    /// A message leaves. What is cut, or for somebody who is down, is lost at once.
    mutating func post(_ envelope: Envelope) {
        let isLost = cuts.contains { $0.matches(envelope) } || !isRunning(envelope.to)
        let importance: Importance = envelope.message.isRoutine ? .routine : .detail
        say(text(of: envelope) + (isLost ? " (lost)" : ""), importance)
        if !isLost { network.append(envelope) }
    }

    mutating func text(of envelope: Envelope) -> String {
        if case .readRequest(let request) = envelope.message, !incarnations.contains(request.id.incarnation) {
            incarnations.append(request.id.incarnation)
        }
        let known = incarnations
        return envelope.text { incarnation in (known.firstIndex(of: incarnation) ?? known.count) + 1 }
    }

    /// The random half of a read's name, from the number that stands for it in scripts.
    func incarnation(_ number: Int) -> UInt64 {
        incarnations.indices.contains(number - 1) ? incarnations[number - 1] : 0
    }

    /// A message arrives.
    mutating func arrive(_ envelope: Envelope, at id: NodeID) throws(CommandError) {
        let before = try core(id).rejections
        try feed(id) { $0.step(envelope) }
        let after = try core(id).rejections
        for reason in Rejection.allCases where after[reason] != before[reason] {
            say("\(id) turns away \(envelope.message.kind) from \(envelope.from): \(words(reason))")
        }
    }

    /// Takes matching messages off the network: the `which`th, the last, or all of them.
    mutating func pick(_ arguments: inout Arguments) throws(CommandError) -> [Envelope] {
        let link = try arguments.messages()
        var positions = network.indices.filter { link.matches(network[$0]) }
        guard !positions.isEmpty else { throw CommandError("no such message is on its way") }
        if arguments.take("first") {
            positions = [positions[0]]
        } else if arguments.take("last") {
            positions = [positions[positions.count - 1]]
        } else if let which = arguments.optionalNumber() {
            guard positions.indices.contains(which - 1) else { throw CommandError("only \(positions.count) match") }
            positions = [positions[which - 1]]
        }
        let picked = positions.map { network[$0] }
        for position in positions.reversed() { network.remove(at: position) }
        return picked
    }

    /// What is cut now does not arrive any more.
    mutating func cut(_ links: [Link]) {
        cuts += links
        loseMessages { envelope in links.contains { $0.matches(envelope) } }
    }

    mutating func loseMessages(where isLost: (Envelope) -> Bool) {
        for envelope in network where isLost(envelope) { say("\(text(of: envelope)) (lost)") }
        network.removeAll(where: isLost)
    }
}
