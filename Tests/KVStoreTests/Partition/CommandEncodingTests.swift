import KVStore
import Raft
import Testing

@Suite("Commands: their bytes")
struct CommandEncodingTests {
    static let sample = command(
        0x0102_0304_0506_0708_090A_0B0C_0D0E_0F10,
        mintedAt: 300,
        put("k", "v"),
        delete("d"),
        compare("c", nil, set: "n"),
        compare("c", "n", set: nil),
        delete(from: "a", upTo: "b"),
        delete(from: "z", upTo: nil)
    )

    @Test("The format has not changed")
    func golden() throws {
        let expected: [UInt8] =
            [1, 0x10, 0x0F, 0x0E, 0x0D, 0x0C, 0x0B, 0x0A, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0xAC, 2, 6]
            + [1, 1, 0x6B, 1, 0x76] + [2, 1, 0x64] + [3, 1, 0x63, 0, 1, 1, 0x6E] + [3, 1, 0x63, 1, 1, 0x6E, 0]
            + [4, 1, 0x61, 1, 1, 0x62] + [4, 1, 0x7A, 0]
        #expect(try Self.sample.encoded() == expected)
        #expect(try Command(encoded: expected) == Self.sample)
    }

    @Test("What is written is read back", arguments: 0..<20)
    func roundTrip(seed: UInt64) throws {
        var history = CommandHistory(seed: seed)
        for _ in 0..<100 {
            let command = history.nextCommand()
            #expect(try Command(encoded: try command.encoded()) == command)
        }
    }

    @Test("Later fields are passed over, other trailing bytes are not")
    func laterFields() throws {
        let bytes = try Self.sample.encoded()
        #expect(try Command(encoded: bytes + [1, 2, 0xFF, 0xFF, 5, 0]) == Self.sample)
        for tail: [UInt8] in [[0], [1], [1, 1], [1, 2, 9], [0, 0], [2, 0, 1, 0], [1, 0, 1, 0]] {
            #expect(field { try Command(encoded: bytes + tail) } == "later field", "\(tail)")
        }
    }

    @Test("A newer version is refused by name")
    func version() throws {
        var bytes = try Self.sample.encoded()
        bytes[0] = 3
        let error = #expect(throws: FieldError.self) { try Command(encoded: bytes) }
        #expect(error?.description == "command version: 3 is newer than 2, the newest that this program reads")
        bytes[0] = 0
        #expect(field { try Command(encoded: bytes) } == "command version")
    }

    @Test("Limits hold for who writes")
    func limitsOfWriting() throws {
        let key = [UInt8](repeating: 1, count: CommandLimits.keyBytes)[...]
        let value = [UInt8](repeating: 1, count: CommandLimits.valueBytes)[...]
        func encode(_ operations: Command.Operation...) throws -> [UInt8] {
            try Command(id: CommandID(1), mintedAt: .zero, operations: operations).encoded()
        }
        _ = try encode(.put(key: key, value: value))
        #expect(field { try encode(.put(key: key + [1], value: [])) } == "key")
        #expect(field { try encode(.put(key: [], value: value + [1])) } == "value")
        #expect(field { try encode(.delete(key: key + [1])) } == "key")
        #expect(field { try encode(.compareAndSet(key: [], expected: value + [1], new: nil)) } == "value")
        #expect(field { try encode(.compareAndSet(key: [], expected: nil, new: value + [1])) } == "value")
        #expect(field { try encode(.deleteRange(from: [], upTo: key + [1])) } == "key")
        #expect(field { try encode(.deleteRange(from: [2], upTo: [1])) } == "up to")
        #expect(field { try encode() } == "operations")
        let four = Command.Operation.put(key: [], value: value)
        #expect(field { try encode(four, four, four, four) } == "command")
        let many = [Command.Operation](repeating: .delete(key: []), count: CommandLimits.operations + 1)
        #expect(field { try Command(id: CommandID(1), mintedAt: .zero, operations: many).encoded() } == "operations")
        let late = Command(id: CommandID(1), mintedAt: LogIndex(.max), operations: [four])
        #expect(field { try late.encoded() } == "minted at")
    }

    @Test("Limits hold for who reads, before anything is reserved")
    func limitsOfReading() {
        let head: [UInt8] = [1] + [UInt8](repeating: 0, count: 16) + [0]
        let huge: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]
        #expect(field { try Command(encoded: head + huge) } == "operations")
        #expect(field { try Command(encoded: head + [0]) } == "operations")
        #expect(field { try Command(encoded: head + [0x80, 0x40, 2, 0]) } == "operation")
        #expect(field { try Command(encoded: head + [1, 9]) } == "operation")
        #expect(field { try Command(encoded: head + [1, 1] + huge) } == "key")
        #expect(field { try Command(encoded: head + [1, 1, 0] + huge) } == "value")
        #expect(field { try Command(encoded: head + [1, 3, 0, 1] + huge) } == "expected")
        #expect(field { try Command(encoded: head + [1, 3, 0, 2]) } == "expected")
        #expect(field { try Command(encoded: head + [1, 4, 1, 5, 1, 1, 4]) } == "up to")
        #expect(field { try Command(encoded: head + [1, 1] + [0x81, 0x20] + [1]) } == "key")
        #expect(field { try Command(encoded: head + [1, 2, 0x80, 0]) } == "key")
        #expect(
            field { try Command(encoded: [UInt8](repeating: 1, count: CommandLimits.commandBytes + 1)) } == "command"
        )
    }

    @Test("No bytes end the process, and what is read can be written")
    func mutations() throws {
        var accepted = 0
        let sample = try Self.sample.encoded()
        forEachMutation(of: sample, seed: 1) { bytes in
            guard let command = try? Command(encoded: bytes) else { return }
            accepted += 1
            let again = (try? command.encoded()).flatMap { try? Command(encoded: $0) }
            #expect(again == command)
        }
        #expect(accepted > 0)
    }
}

/// The field that an error names.
func field<R>(_ body: () throws -> R) -> String? {
    do {
        _ = try body()
        return nil
    } catch {
        return (error as? FieldError)?.field
    }
}
