import KVStore
import Raft

/// Short ways to write down what tests propose.
func put(_ key: String, _ value: String) -> Command.Operation {
    .put(key: bytes(key)[...], value: bytes(value)[...])
}

func delete(_ key: String) -> Command.Operation { .delete(key: bytes(key)[...]) }

func compare(_ key: String, _ expected: String?, set new: String?) -> Command.Operation {
    .compareAndSet(key: bytes(key)[...], expected: expected.map { bytes($0)[...] }, new: new.map { bytes($0)[...] })
}

func delete(from: String, upTo: String?) -> Command.Operation {
    .deleteRange(from: bytes(from)[...], upTo: upTo.map { bytes($0)[...] })
}

func command(_ id: UInt128, mintedAt: UInt64 = 0, _ operations: Command.Operation...) -> Command {
    Command(id: CommandID(id), mintedAt: LogIndex(mintedAt), operations: operations)
}

extension Entry {
    init(_ index: UInt64, term: UInt64 = 1, _ command: Command) throws {
        self.init(index, term: term, .command(try command.encoded()))
    }

    init(_ index: UInt64, term: UInt64 = 1, _ payload: EntryPayload = .noop) {
        self.init(index: LogIndex(index), term: Term(term), payload: payload)
    }
}

extension StateMachine {
    /// Applies commands, one an entry, behind what was applied; their ids are the entries' indexes.
    @discardableResult
    func run(_ commands: Command.Operation...) throws -> [CommandOutcome?] {
        let next = state.position.index.next.rawValue
        let entries = try commands.enumerated().map { offset, operation in
            let index = next + UInt64(offset)
            return try Entry(index, command(UInt128(index), mintedAt: index - 1, operation))
        }
        return try apply(entries).map(\.commandOutcome)
    }

    /// Everything that users see, in one page.
    func contents() throws -> [Pair] {
        let page = try reader.scan()
        precondition(page.next == nil, "a test has more data than one page")
        return page.entries.map { Pair($0.key, $0.value) }
    }

    func text(_ key: String) throws -> String? {
        try reader.value(of: bytes(key)[...]).map { String(decoding: $0, as: UTF8.self) }
    }
}

extension AppliedEntry {
    var commandOutcome: CommandOutcome? {
        guard case .command(_, let outcome, _) = outcome else { return nil }
        return outcome
    }
}

let threeVoters = Configuration(voters: [NodeID(1), NodeID(2), NodeID(3)])

/// The partition of most tests. Its number has a byte of each kind, and neighbours on both sides.
let partition = PartitionID(0x0100_00FF)

func open(_ engine: any Engine, _ id: PartitionID = partition) throws -> StateMachine {
    try StateMachine(id, in: engine, initial: threeVoters)
}
