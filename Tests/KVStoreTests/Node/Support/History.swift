import KVStore
import Raft

/// What clients did and were told, and whether it can be.
///
/// Each key has one writer, who gives it one version after the other, and goes on to the next only when it knows that
/// the one before took effect: one whose fate is unknown is submitted again, unchanged. So a read must find a version
/// no older than what anybody knew when it began, and no newer than what was submitted when it ended.
struct History {
    private struct Version {
        let command: Command
        let value: [UInt8]?
    }

    private struct Key {
        let partition: PartitionID
        let name: [UInt8]
        var versions: [Version] = []
        /// How many versions are known to have taken effect, by an answer or by a read.
        var known = 0
        /// How many were answered.
        var answered = 0
        var waiting: (token: RequestToken, node: NodeID)?
    }

    private struct Read {
        let key: Int
        let known: Int
        let node: NodeID
    }

    private var keys: [Key] = []
    private var reads: [RequestToken: Read] = [:]
    private var lastToken: UInt64 = 0
    /// Where each command took effect.
    private var places: [World.Place: CommandID] = [:]
    private(set) var decided = 0
    private(set) var unknown = 0
    private(set) var values = 0

    init(partitions: [PartitionID]) {
        for id in partitions {
            for name in ["a", "b"] { keys.append(Key(partition: id, name: bytes(name))) }
        }
    }

    /// True when nothing is open.
    var isSettled: Bool { keys.allSatisfy { $0.answered == $0.versions.count } }

    private mutating func token() -> RequestToken {
        lastToken += 1
        return RequestToken(lastToken)
    }

    private func place(_ partition: PartitionID, _ key: Int) -> Int {
        keys.indices.filter { keys[$0].partition == partition }[key]
    }

    // MARK: Requests

    mutating func read(_ partition: PartitionID, at node: NodeID, _ store: Store, key: Int) {
        let key = place(partition, key)
        let token = token()
        guard (try? store.read(partition, .value(of: keys[key].name[...]), token: token)) != nil else { return }
        reads[token] = Read(key: key, known: keys[key].known, node: node)
    }

    mutating func write(
        _ partition: PartitionID,
        at node: NodeID,
        _ store: Store,
        mayBegin: Bool,
        _ random: inout SplitMix
    ) {
        let candidates = keys.indices.filter { keys[$0].partition == partition && keys[$0].waiting == nil }
        guard let place = candidates.randomElement(using: &random) else { return }
        if keys[place].answered == keys[place].versions.count {
            guard mayBegin, store.status(of: partition)?.role == .leader else { return }
            begin(place, mintedAt: store.appliedPosition(of: partition)?.index ?? .zero, &random)
        }
        guard let version = keys[place].versions.last else { return }
        let token = token()
        guard (try? store.submit(version.command, to: partition, token: token)) != nil else { return }
        keys[place].waiting = (token, node)
    }

    private mutating func begin(_ place: Int, mintedAt: LogIndex, _ random: inout SplitMix) {
        let key = keys[place]
        let number = key.versions.count + 1
        let name = key.name[...]
        let id = CommandID(UInt128(place) << 64 | UInt128(number))
        let fresh = bytes("\(number)") + [UInt8](repeating: 46, count: Int.random(in: 0..<80, using: &random))
        let before = key.versions.last?.value
        let operation: Command.Operation
        var value: [UInt8]? = fresh
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            operation = .delete(key: name)
            value = nil
        case 1: operation = .put(key: name, value: fresh[...])
        default: operation = .compareAndSet(key: name, expected: before.map { $0[...] }, new: fresh[...])
        }
        let command = Command(id: id, mintedAt: mintedAt, operations: [operation])
        keys[place].versions.append(Version(command: command, value: value))
    }

    // MARK: Answers

    /// A node has died: what waited there is unknown.
    mutating func lost(_ node: NodeID) {
        for place in keys.indices where keys[place].waiting?.node == node { keys[place].waiting = nil }
        reads = reads.filter { $0.value.node != node }
    }

    mutating func take(_ answers: [Answer], of node: NodeID) throws {
        for answer in answers {
            switch answer {
            case .command(let token, let answer): try take(token, answer)
            case .read(let token, let answer): try take(token, answer)
            }
        }
    }

    private mutating func take(_ token: RequestToken, _ answer: CommandAnswer) throws {
        guard let place = keys.firstIndex(where: { $0.waiting?.token == token }) else {
            throw Violation("an answer \(answer) for which nobody waits")
        }
        keys[place].waiting = nil
        guard case .decided(let outcome, let position, let firstIndex) = answer else {
            unknown += 1
            return
        }
        decided += 1
        let command = keys[place].versions[keys[place].versions.count - 1].command
        guard outcome == .applied else { throw Violation("\(command) came to \(outcome) at \(position)") }
        let spot = World.Place(partition: keys[place].partition, index: firstIndex)
        guard places[spot] ?? command.id == command.id, firstIndex <= position.index else {
            throw Violation("two commands took effect at \(firstIndex)")
        }
        places[spot] = command.id
        keys[place].answered = keys[place].versions.count
        keys[place].known = keys[place].versions.count
    }

    private mutating func take(_ token: RequestToken, _ answer: ReadAnswer) throws {
        guard let read = reads.removeValue(forKey: token) else { throw Violation("a value for which nobody waits") }
        guard case .value(let value, _) = answer else { return }
        values += 1
        guard let version = version(value, of: read.key, from: read.known) else {
            let text = value.map { String(decoding: $0, as: UTF8.self) } ?? "nothing"
            throw Violation("a read that knew of version \(read.known) found \(text)")
        }
        keys[read.key].known = max(keys[read.key].known, version)
    }

    /// The oldest version with this value that is not older than `known`; version 0 is that of a key never written.
    private func version(_ value: [UInt8]?, of key: Int, from known: Int) -> Int? {
        (known...keys[key].versions.count).first { number in
            (number == 0 ? nil : keys[key].versions[number - 1].value) == value
        }
    }

    /// Compares what a replica holds in the end with what was answered.
    func checkEnd(_ reader: PartitionReader, _ partition: PartitionID) throws {
        for place in keys.indices where keys[place].partition == partition {
            let value = try reader.value(of: keys[place].name[...])
            guard value == keys[place].versions.last?.value ?? nil else {
                throw Violation("what was acknowledged last is not there in the end")
            }
        }
    }
}
