import Glibc
import KVStore
import Testing

/// How a process ends that is stopped by a precondition; an error that is thrown ends it in another way.
#if arch(arm64)
private let trap = SIGTRAP
#else
private let trap = SIGILL
#endif

@Suite("Engines: callers that break the contract are stopped")
struct EngineContractTests {
    @Test("A range that ends before it begins")
    func backwardRange() async {
        await #expect(processExitsWith: .signal(trap)) { _ = KeyRange([2], [1]) }
    }

    @Test("An iterator that is asked for an entry where there is none", arguments: EngineKind.allCases)
    func nowhere(kind: EngineKind) async throws {
        let root = try TemporaryDirectory.make()
        await #expect(processExitsWith: .signal(trap)) { [kind = kind as EngineKind, root = root as String] in
            let engine = try EngineFixture(kind, root: root).engine
            _ = try engine.iterator().key
        }
    }

    @Test("A sorted file that is ingested twice", arguments: EngineKind.allCases)
    func twice(kind: EngineKind) async throws {
        let root = try TemporaryDirectory.make()
        await #expect(processExitsWith: .signal(trap)) { [kind = kind as EngineKind, root = root as String] in
            let engine = try EngineFixture(kind, root: root).engine
            let file = try engine.makeSortedFile()
            try file.put([1], [])
            try file.finish()
            try engine.ingest(file)
            try? engine.ingest(file)
        }
    }

    @Test("A sorted file of another engine", arguments: EngineKind.allCases)
    func foreign(kind: EngineKind) async throws {
        let root = try TemporaryDirectory.make()
        await #expect(processExitsWith: .signal(trap)) { [kind = kind as EngineKind, root = root as String] in
            let fixture = try EngineFixture(kind, root: root)
            let file = try fixture.engine.makeSortedFile()
            try file.put([1], [])
            try file.finish()
            try? fixture.open(beside: "other").ingest(file)
        }
    }
}
