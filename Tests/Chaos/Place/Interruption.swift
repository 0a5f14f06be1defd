import Glibc
import Synchronization

/// Ctrl-C and its like: the first asks the run to come to its end in good order, the second ends the harness at once,
/// after which the kernel clears away what the first would have.
enum Interruption {
    private static let wasAsked = Atomic<Bool>(false)

    static var isRequested: Bool { wasAsked.load(ordering: .relaxed) }

    /// Takes the signals over.
    static func prepare() {
        // Made before a handler can need it.
        wasAsked.store(false, ordering: .relaxed)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number) { _ in
                if Interruption.wasAsked.exchange(true, ordering: .relaxed) { _exit(130) }
            }
        }
        signal(SIGPIPE, SIG_IGN)
    }
}

/// Waits, in steps short enough for an interruption; true when the whole time has passed.
@discardableResult
func pause(_ time: Duration, unless isOver: () -> Bool = { false }) async -> Bool {
    let end = ContinuousClock.now + time
    while ContinuousClock.now < end {
        if Interruption.isRequested || isOver() { return false }
        try? await Task.sleep(for: min(.milliseconds(50), end - ContinuousClock.now))
    }
    return true
}
