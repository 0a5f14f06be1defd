import Glibc
import KVStore
import Testing

/// The real disk and the simulated one keep the same promises while nothing breaks.
@Suite struct DiskTests {
    private func exercise(_ directory: any DiskDirectory) throws {
        #expect(throws: DiskError.notFound(name: "a")) { try directory.open("a") }
        let file = try directory.create("a")
        #expect(throws: DiskError.alreadyExists(name: "a")) { try directory.create("a") }
        try file.preallocate(4096)
        #expect(try file.size() == 4096)
        try file.write([1, 2, 3], at: 1000)
        try file.synchronize()
        #expect(try file.read(5, at: 999) == [0, 1, 2, 3, 0])
        #expect(try file.read(10, at: 4090).count == 6)
        #expect(try file.read(10, at: 5000) == [])
        try file.truncate(to: 1002)
        try file.write([9], at: 1010)
        #expect(try file.read(20, at: 1000) == [1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 9])
        try directory.rename("a", to: "b")
        _ = try directory.create("c")
        #expect(try directory.list() == ["b", "c"])
        try directory.rename("b", to: "c")
        try directory.synchronize()
        #expect(try directory.list() == ["c"])
        #expect(try directory.open("c").size() == 1011)
        try directory.remove("c")
        #expect(throws: DiskError.notFound(name: "c")) { try directory.remove("c") }
        #expect(try file.size() == 1011)
        #expect(try directory.freeBytes() > 0)
        var lock: (any DiskLock)? = try directory.lock()
        #expect(throws: DiskError.locked) { try directory.lock() }
        _ = lock
        lock = nil
        lock = try directory.lock()
        #expect(lock != nil)
    }

    @Test func theSimulatedDisk() throws { try exercise(SimulatedDisk(seed: 1).directory("d")) }

    @Test func theRealDisk() throws {
        try withTemporaryDirectory { try exercise(try PosixDirectory(path: $0)) }
    }

    @Test func aLogOnTheRealDiskIsFoundAgain() throws {
        try withTemporaryDirectory { path in
            let log = try WriteAheadLog.create(in: try PosixDirectory(path: path), identity: 5, options: .small)
            var records = RecordGenerator(seed: 2)
            var model = LogModel()
            for _ in 0..<300 {
                let record = records.next(for: model)
                model.apply(record)
                try log.append(record)
                try log.sync()
            }
            _ = try log.reclaim(maxBytes: 1 << 20)
            try log.close()
            let (again, recovery) = try WriteAheadLog.open(in: try PosixDirectory(path: path), options: .small)
            #expect(recovery.damage.isEmpty)
            #expect(try LogModel(recovery, again) == model)
        }
    }

    @Test func aLossOfPowerTakesWhatWasNotSynchronized() throws {
        let disk = SimulatedDisk(seed: 1)
        let file = try disk.directory("d").create("kept")
        try disk.directory("d").synchronize()
        try file.write([1, 1], at: 0)
        try file.synchronize()
        try file.write([2, 2], at: 0)
        _ = try disk.directory("d").create("lost")
        disk.losePower(.nothing)
        #expect(disk.fileNames("d") == ["kept"])
        #expect(disk.contents("d", "kept") == [1, 1])
        #expect(throws: DiskError.poweredOff) { try file.size() }
    }

    @Test func aFailedSynchronizationIsNotMadeGoodByTheNext() throws {
        let disk = SimulatedDisk(seed: 1)
        let file = try disk.directory("d").create("file")
        try disk.directory("d").synchronize()
        try file.preallocate(512)
        try file.synchronize()
        try file.write([7], at: 0)
        disk.failSynchronization()
        #expect(throws: DiskError.synchronization(code: 5)) { try file.synchronize() }
        try file.synchronize()
        #expect(try file.read(1, at: 0) == [7])
        disk.losePower(.nothing)
        #expect(disk.contents("d", "file")?.first == 0)
    }

    private func withTemporaryDirectory(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/gala-log-XXXXXX".utf8CString)
        let path = try #require(mkdtemp(&template).map { String(cString: $0) })
        defer {
            if let directory = try? PosixDirectory(path: path) {
                for name in (try? directory.list()) ?? [] { try? directory.remove(name) }
            }
            rmdir(path)
        }
        try body(path)
    }
}
