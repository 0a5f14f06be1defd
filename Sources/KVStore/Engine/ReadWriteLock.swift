import Glibc  // impure: the lock of engines, which any thread may read

/// A lock that many may share or one may hold alone. It is not recursive.
///
/// It wraps the POSIX lock, which the thread sanitizer understands. `pointer` is owned: initialised once, destroyed
/// when nobody can hold the lock any more, and never moved in between.
final class ReadWriteLock: @unchecked Sendable {
    private let pointer: UnsafeMutablePointer<pthread_rwlock_t>

    init() {
        pointer = .allocate(capacity: 1)
        pointer.initialize(to: pthread_rwlock_t())
        require(pthread_rwlock_init(pointer, nil), "initialised")
    }

    deinit {
        require(pthread_rwlock_destroy(pointer), "destroyed")
        pointer.deallocate()
    }

    /// Runs `body` beside others that share the lock, never beside one that holds it alone.
    func withShared<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        require(pthread_rwlock_rdlock(pointer), "shared")
        defer { require(pthread_rwlock_unlock(pointer), "released") }
        return try body()
    }

    /// Runs `body` while nobody else runs under this lock.
    func withExclusive<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        require(pthread_rwlock_wrlock(pointer), "held")
        defer { require(pthread_rwlock_unlock(pointer), "released") }
        return try body()
    }

    private func require(_ status: Int32, _ what: StaticString) {
        precondition(status == 0, "a lock could not be \(what)")
    }
}
