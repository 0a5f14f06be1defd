import KVStore
import Synchronization

@testable import GalaNode

/// A real directory whose synchronising fails once it is told to.
final class FailingStorage: NodeStorage {
    private let base: DirectoryStorage
    private let fails: Switch

    final class Switch: Sendable {
        private let isOn = Atomic<Bool>(false)

        func turnOn() { isOn.store(true, ordering: .relaxed) }

        func check() throws(DiskError) {
            if isOn.load(ordering: .relaxed) { throw .synchronization(code: 5) }
        }
    }

    init(_ base: DirectoryStorage, _ fails: Switch) {
        self.base = base
        self.fails = fails
    }

    func logDirectory() throws(DiskError) -> any DiskDirectory { Directory(try base.logDirectory(), fails) }

    func openEngine() throws(EngineError) -> any Engine { try base.openEngine() }

    private final class Directory: DiskDirectory {
        let base: any DiskDirectory
        let fails: Switch

        init(_ base: any DiskDirectory, _ fails: Switch) {
            self.base = base
            self.fails = fails
        }

        func create(_ name: String) throws(DiskError) -> any DiskFile { File(try base.create(name), fails) }
        func open(_ name: String) throws(DiskError) -> any DiskFile { File(try base.open(name), fails) }
        func rename(_ name: String, to new: String) throws(DiskError) { try base.rename(name, to: new) }
        func remove(_ name: String) throws(DiskError) { try base.remove(name) }
        func list() throws(DiskError) -> [String] { try base.list() }
        func synchronize() throws(DiskError) { try base.synchronize() }
        func lock() throws(DiskError) -> any DiskLock { try base.lock() }
        func freeBytes() throws(DiskError) -> Int { try base.freeBytes() }
    }

    private final class File: DiskFile {
        let base: any DiskFile
        let fails: Switch

        init(_ base: any DiskFile, _ fails: Switch) {
            self.base = base
            self.fails = fails
        }

        func size() throws(DiskError) -> Int { try base.size() }
        func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(DiskError) -> Int {
            try base.read(into: buffer, at: offset)
        }
        func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(DiskError) {
            try base.write(bytes, at: offset)
        }
        func preallocate(_ size: Int) throws(DiskError) { try base.preallocate(size) }
        func truncate(to size: Int) throws(DiskError) { try base.truncate(to: size) }
        func synchronize() throws(DiskError) {
            try fails.check()
            try base.synchronize()
        }
    }
}
