internal import Glibc

/// A thread of its own, with a name that tools show.
///
/// It runs one body to its end; ``join()`` waits for that, once.
struct NamedThread: Sendable {
    private let identity: pthread_t

    /// - Parameter name: At most 15 bytes, the kernel's own limit; the rest is cut off.
    init(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let start = Unmanaged.passRetained(Start(name: String(name.prefix(15)), body: body))
        var identity = pthread_t()
        let status = pthread_create(&identity, nil, runThread, start.toOpaque())
        precondition(status == 0, "the system gives no thread: error \(status)")
        self.identity = identity
    }

    /// Runs a body on a thread for which nobody waits.
    static func detached(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let status = pthread_detach(NamedThread(name, body).identity)
        precondition(status == 0, "a thread cannot be left alone: error \(status)")
    }

    /// Waits until the body has returned. To be called once, from another thread.
    func join() {
        let status = pthread_join(identity, nil)
        precondition(status == 0, "a thread cannot be waited for: error \(status)")
    }

    /// True on this very thread. Never inlined: what calls it may be resumed on another thread, and the optimiser holds
    /// a thread's identity for constant.
    @inline(never)
    var isCurrent: Bool { pthread_equal(identity, pthread_self()) != 0 }

    fileprivate final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}

private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<NamedThread.Start>.fromOpaque(argument).takeRetainedValue()
    nameThread(start.name)
    start.body()
    return nil
}

/// The name helps whoever looks at a running node; a system that takes none is no reason to stop.
private func nameThread(_ name: String) {
    let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    var name = name
    name.withUTF8 { bytes in _ = write(file, bytes.baseAddress, bytes.count) }
    close(file)
}
