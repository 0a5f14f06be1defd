import Raft
import Testing

@testable import KVStore

@Suite("Partitions: what stands in the engine")
struct StoredFormatTests {
    static let state = AppliedState(
        position: LogPosition(term: Term(300), index: LogIndex(1_000)),
        configuration: Configuration(
            voters: [NodeID(1), NodeID(2)],
            outgoingVoters: [NodeID(1), NodeID(3)],
            learners: [
                Configuration.Learner(id: NodeID(4), promotion: .automatic),
                Configuration.Learner(id: NodeID(5), promotion: .manual),
            ],
            demotedVoters: [NodeID(3)],
            retired: [NodeID(9), NodeID(200)]
        ),
        configurationIndex: LogIndex(999),
        rememberedCount: 900,
        forgottenThrough: LogIndex(7)
    )

    @Test("The applied state's format has not changed")
    func goldenState() throws {
        let expected: [UInt8] =
            [1, 0xAC, 2, 0xE8, 7, 0xE7, 7, 0x84, 7, 7, 2, 1, 2, 2, 1, 3, 2, 4, 1, 5, 0, 1, 3, 2, 9, 0xC8, 1]
        #expect(Self.state.encoded == expected)
        #expect(try AppliedState(encoded: expected[...]) == Self.state)
        #expect(try AppliedState(encoded: (expected + [3, 1, 0])[...]) == Self.state)
        #expect(field { try AppliedState(encoded: ([2] + expected.dropFirst())[...]) } == "applied state version")
    }

    @Test("A remembered command's format has not changed")
    func goldenRemembered() throws {
        let id = CommandID(0x0100_0000_0000_0000_0000_0000_0000_0002)
        let bytes: [UInt8] = [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xAC, 2]
        let applied = RememberedCommand(id: id, index: LogIndex(300), outcome: .applied)
        #expect(applied.encoded == bytes + [0])
        #expect(try RememberedCommand(encoded: (bytes + [0])[...]) == applied)
        let failed = RememberedCommand(id: id, index: LogIndex(300), outcome: .conditionFailed(operation: 4))
        #expect(failed.encoded == bytes + [5])
        #expect(try RememberedCommand(encoded: (bytes + [5])[...]) == failed)
    }

    @Test("Keys lie where the drawing says")
    func goldenKeys() {
        let keys = PartitionKeys(PartitionID(0x0102_0304_0506_0708))
        let prefix: [UInt8] = [2, 1, 2, 3, 4, 5, 6, 7, 8]
        #expect(keys.state == prefix + [1])
        #expect(keys.remembered(place: 8_191) == prefix + [2, 0x1F, 0xFF])
        #expect(keys.user([7, 8]) == prefix + [3, 7, 8])
        #expect(keys.range == KeyRange(prefix, [2, 1, 2, 3, 4, 5, 6, 7, 9]))
        #expect(keys.userRange(from: [], upTo: nil) == KeyRange(prefix + [3], prefix + [4]))
        #expect(keys.current([7, 0]) == prefix + [4, 7, 0])
        #expect(keys.escaped(5, [7, 0, 1]) == prefix + [5, 7, 0, 0xFF, 1, 0, 1])
        let id = TransactionID(0x0102_0304_0506_0708_090A_0B0C_0D0E_0F10)
        #expect(keys.record([7], id) == prefix + [6, 7, 0, 1] + (1...16).map { UInt8($0) })
        #expect(keys.facts == prefix + [9])
        #expect(keys.userRange(from: [5], upTo: [4]).isEmpty)
    }

    @Test("A partition's keys lie together, and no others among them", arguments: [0, 1, 0xFF, 0xFFFF, .max - 1, .max])
    func ranges(number: UInt64) {
        let keys = PartitionKeys(PartitionID(number))
        let last = keys.user([UInt8](repeating: 0xFF, count: CommandLimits.keyBytes)[...])
        for key in [keys.state, keys.remembered(place: 0), keys.remembered(place: 8_191), keys.user([]), last] {
            #expect(keys.range.contains(key))
            for other in [number &- 1, number &+ 1] {
                #expect(!PartitionKeys(PartitionID(other)).range.contains(key))
            }
        }
        #expect(keys.userRange(from: [], upTo: nil).contains(last))
        #expect(!keys.userRange(from: [], upTo: nil).contains(keys.remembered(place: 8_191)))
        #expect(keys.remembered.contains(keys.remembered(place: 8_191)))
        #expect(!keys.remembered.contains(keys.user([])))
    }

    @Test("No bytes end the process")
    func mutations() throws {
        forEachMutation(of: Self.state.encoded, seed: 2) { bytes in
            guard let state = try? AppliedState(encoded: bytes[...]) else { return }
            #expect((try? AppliedState(encoded: state.encoded[...])) == state)
        }
        let command = RememberedCommand(
            id: CommandID(77),
            index: LogIndex(300),
            outcome: .conditionFailed(operation: 300)
        )
        forEachMutation(of: command.encoded, seed: 3) { bytes in
            guard let command = try? RememberedCommand(encoded: bytes[...]) else { return }
            #expect((try? RememberedCommand(encoded: command.encoded[...])) == command)
        }
    }

    @Test("A state that contradicts itself is refused")
    func contradictions() {
        func refused(_ change: (inout AppliedState) -> Void) -> String? {
            var state = Self.state
            change(&state)
            return field { try AppliedState(encoded: state.encoded[...]) }
        }
        #expect(refused { $0.configurationIndex = LogIndex(1_001) } == "configuration index")
        #expect(refused { $0.forgottenThrough = LogIndex(1_001) } == "forgotten through")
        #expect(refused { $0.rememberedCount = 1_001 } == "remembered count")
        #expect(refused { $0.position = LogPosition(term: Term(.max), index: LogIndex(1_000)) } == "term")
        let twice = Configuration(voters: [NodeID(1), NodeID(1)])
        #expect(refused { $0.configuration = twice } == "voters")
    }
}
