internal import Glibc

/// A value that threads share under a lock, and a bell that wakes one who waits for it to change.
///
/// It wraps POSIX's own lock and condition, which the thread sanitizer understands. Both pointers are owned: initialised
/// once, destroyed when nobody can use them any more, and never moved in between. The value is reached under the lock
/// only, which is what makes the class safe to share whatever the value is.
final class Monitor<Value>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let bell: UnsafeMutablePointer<pthread_cond_t>
    private var value: Value

    init(_ value: Value) {
        self.value = value
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        bell = .allocate(capacity: 1)
        bell.initialize(to: pthread_cond_t())
        require(pthread_mutex_init(mutex, nil))
        var attributes = pthread_condattr_t()
        require(pthread_condattr_init(&attributes))
        // Nobody waits longer because somebody has set the date.
        require(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC))
        require(pthread_cond_init(bell, &attributes))
        require(pthread_condattr_destroy(&attributes))
    }

    deinit {
        require(pthread_cond_destroy(bell))
        require(pthread_mutex_destroy(mutex))
        bell.deallocate()
        mutex.deallocate()
    }

    /// Looks at the value, or changes it, while nobody else does.
    func withLock<R, E: Error>(_ body: (inout Value) throws(E) -> R) throws(E) -> R {
        require(pthread_mutex_lock(mutex))
        defer { require(pthread_mutex_unlock(mutex)) }
        return try body(&value)
    }

    /// Wakes the one who waits.
    func ring() { require(pthread_cond_signal(bell)) }

    /// Waits until `body` returns something, looking again whenever the bell rings or `deadline` has passed.
    ///
    /// - Parameter body: Returns nil to go on waiting, and may set the deadline: nanoseconds of the monotonic clock;
    ///   nil for none.
    func wait<R>(_ body: (inout Value, _ deadline: inout UInt64?) -> R?) -> R {
        require(pthread_mutex_lock(mutex))
        defer { require(pthread_mutex_unlock(mutex)) }
        while true {
            var deadline: UInt64?
            if let result = body(&value, &deadline) { return result }
            guard let deadline else {
                require(pthread_cond_wait(bell, mutex))
                continue
            }
            var moment = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
            let status = pthread_cond_timedwait(bell, mutex, &moment)
            if status != ETIMEDOUT { require(status) }
        }
    }

    private func require(_ status: Int32) { precondition(status == 0, "a lock or its bell failed with \(status)") }
}
