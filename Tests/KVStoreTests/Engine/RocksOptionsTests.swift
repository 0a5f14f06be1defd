import KVStore
import Testing

@Suite("Options of the RocksDB engine")
struct RocksOptionsTests {
    @Test(
        "A bad option is refused by name, with its rule",
        arguments: [
            ("directory", { @Sendable in $0.directory = "" }),
            ("directory", { @Sendable in $0.directory = "a\0b" }),
            ("writeBufferBytes", { @Sendable in $0.writeBufferBytes = 0 }),
            ("writeBufferCount", { @Sendable in $0.writeBufferCount = 1 }),
            ("blockCacheBytes", { @Sendable in $0.blockCacheBytes = -1 }),
            ("blockBytes", { @Sendable in $0.blockBytes = 2 << 20 }),
            ("bloomBitsPerKey", { @Sendable in $0.bloomBitsPerKey = 0 }),
            ("tableFileBytes", { @Sendable in $0.tableFileBytes = .max }),
            ("openFiles", { @Sendable in $0.openFiles = 3 }),
            ("backgroundJobs", { @Sendable in $0.backgroundJobs = 1000 }),
        ] as [(String, @Sendable (inout RocksOptions) -> Void)]
    )
    func refusals(field: String, spoil: @Sendable (inout RocksOptions) -> Void) throws {
        var options = RocksOptions(directory: "/nowhere/at/all")
        spoil(&options)
        let error = try #require(throws: EngineError.self) { try RocksEngine(options) }
        guard case .invalidOption(let named, let rule) = error else {
            Issue.record("refused with \(error)")
            return
        }
        #expect(named == field)
        #expect(rule.hasPrefix("must "))
    }

    @Test("A directory whose parent is missing is an error of the disk")
    func missingParent() throws {
        let error = try #require(throws: EngineError.self) {
            try RocksEngine(RocksOptions(directory: "/nowhere/at/all"))
        }
        guard case .inputOutput = error else {
            Issue.record("refused with \(error)")
            return
        }
    }
}
