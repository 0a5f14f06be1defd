import KVStore
import Raft

/// Makes up a partition's log: commands over few keys, many of them with conditions, some of them proposed again,
/// between them empty entries and configurations.
struct CommandHistory {
    var random: SplitMix
    private(set) var log: [Entry] = []
    private var proposed: [Command] = []
    private var term: UInt64 = 1

    init(seed: UInt64) { random = SplitMix(seed: seed) }

    mutating func append(_ count: Int) throws {
        for _ in 0..<count {
            if Int.random(in: 0..<40, using: &random) == 0 { term += 1 }
            log.append(Entry(UInt64(log.count + 1), term: term, try nextPayload()))
        }
    }

    /// The log from an index on, in batches of random length.
    mutating func batches(from first: LogIndex) -> [[Entry]] {
        var batches: [[Entry]] = []
        var start = Int(first.rawValue) - 1
        while start < log.count {
            let end = min(log.count, start + Int.random(in: 1...20, using: &random))
            batches.append(Array(log[start..<end]))
            start = end
        }
        return batches
    }

    private mutating func nextPayload() throws -> EntryPayload {
        switch Int.random(in: 0..<20, using: &random) {
        case 0:
            return .noop
        case 1:
            let learner = Configuration.Learner(id: NodeID(random.next() % 9 + 4), promotion: .automatic)
            return .configuration(Configuration(voters: threeVoters.voters, learners: [learner]))
        case 2...4:
            guard let again = proposed.randomElement(using: &random) else { return .noop }
            return .command(try again.encoded())
        default:
            let command = nextCommand()
            proposed.append(command)
            return .command(try command.encoded())
        }
    }

    mutating func nextCommand() -> Command {
        let id = CommandID(UInt128(random.next()) << 64 | UInt128(random.next()))
        let lag = UInt64.random(in: 0...5, using: &random)
        let mintedAt = UInt64(log.count) - min(lag, UInt64(log.count))
        let operations = (0..<Int.random(in: 1...4, using: &random)).map { _ in operation() }
        return Command(id: id, mintedAt: LogIndex(mintedAt), operations: operations)
    }

    mutating func operation() -> Command.Operation {
        switch Int.random(in: 0..<10, using: &random) {
        case 0:
            let a = key()
            let b = key()
            let ordered = a.lexicographicallyPrecedes(b) ? (a, b) : (b, a)
            return .deleteRange(from: ordered.0, upTo: Bool.random(using: &random) ? ordered.1 : nil)
        case 1...2: return .delete(key: key())
        case 3...6:
            let isAbsent = Int.random(in: 0..<3, using: &random) == 0
            let isDeletion = Int.random(in: 0..<4, using: &random) == 0
            return .compareAndSet(key: key(), expected: isAbsent ? nil : value(), new: isDeletion ? nil : value())
        default: return .put(key: key(), value: value())
        }
    }

    private mutating func key() -> ArraySlice<UInt8> {
        let alphabet: [UInt8] = [0, 3, 0xFF]
        return (0..<Int.random(in: 0...2, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0 }[...]
    }

    /// Of three values, so that conditions hold now and then.
    private mutating func value() -> ArraySlice<UInt8> {
        [UInt8](repeating: 7, count: Int.random(in: 0...2, using: &random))[...]
    }
}
