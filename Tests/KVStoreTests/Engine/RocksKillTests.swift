import FoundationEssentials
import Glibc
import KVStore
import Testing

@Suite("The RocksDB engine in a process that is killed")
struct RocksKillTests {
    @Test(
        "A prefix of the history survives, no shorter than what was promised",
        arguments: 1...4 as ClosedRange<UInt64>
    )
    func kill(seed: UInt64) async throws {
        let directory = try TemporaryDirectory.make()
        await #expect(processExitsWith: .signal(SIGKILL)) { [seed = seed as UInt64, directory = directory as String] in
            try Victim(seed: seed, directory: directory).run()
        }
        let promised = try Data(contentsOf: URL(filePath: "\(directory)/promised")).count
        let engine = try RocksEngine(Victim.options(directory))
        let survived = RandomHistory.number(in: try engine.value(of: RandomHistory.indexKey))
        #expect((promised...Victim.stepCount).contains(survived))

        var history = Victim.history(seed: seed)
        var model = EngineModel()
        for _ in 0..<survived { history.nextStep().apply(to: &model) }
        #expect(try engine.contents() == model.contents())
        #expect(try engine.reversedContents() == model.contents().reversed())
    }
}

/// Writes a history until it kills itself, and tells by the length of a file how much of it was promised to be kept.
private struct Victim {
    static let stepCount = 1500

    let seed: UInt64
    let directory: String

    static func options(_ directory: String) -> RocksOptions {
        var options = RocksOptions(directory: "\(directory)/data")
        options.writeBufferBytes = 64 << 10
        return options
    }

    static func history(seed: UInt64) -> RandomHistory {
        RandomHistory(seed: seed, valueBytes: 600, stepsPerIngestion: 300)
    }

    func run() throws {
        let engine = try RocksEngine(Self.options(directory))
        let promised = open("\(directory)/promised", O_CREAT | O_WRONLY, 0o644)
        var history = Self.history(seed: seed)
        for number in 1...Self.stepCount {
            let step = history.nextStep()
            try step.apply(to: engine)
            if number % 400 == 0 { try engine.flush() }
            let persisted = try engine.persistedValue(of: RandomHistory.indexKey)
            ftruncate(promised, off_t(RandomHistory.number(in: persisted)))
        }
        Glibc.kill(getpid(), SIGKILL)
    }
}
