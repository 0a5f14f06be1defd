internal import Glibc  // impure: to tell this thread from others, and for nothing else

/// Runs asynchronous code in virtual time: its jobs wait here until the world lets one of them run, whichever chance
/// picks. A task that prefers this executor, and whatever it begins inside itself, never leaves the world's thread.
///
/// Safety: everything happens on the one thread on which the world lives, which every job shows when it comes.
final class SimulatedExecutor: TaskExecutor, @unchecked Sendable {
    private var jobs: [UnownedJob] = []
    private var chance: Chance
    /// Puts into the future that one job runs.
    private let wake: (@escaping () -> Void) -> Void
    private let thread = pthread_self()

    init(_ chance: Chance, wake: @escaping (@escaping () -> Void) -> Void) {
        self.chance = chance
        self.wake = wake
    }

    func enqueue(_ job: consuming ExecutorJob) {
        precondition(pthread_equal(thread, pthread_self()) != 0, "simulated code stays on its world's thread")
        jobs.append(UnownedJob(job))
        wakeOne()
    }

    /// Those that woke the waiting jobs are gone: wakes each anew.
    func wakeAll() {
        for _ in jobs { wakeOne() }
    }

    /// Runs everything that there is to run, at once.
    ///
    /// - Returns: true where there was anything.
    func drain() -> Bool {
        guard !jobs.isEmpty else { return false }
        while !jobs.isEmpty { runOne() }
        return true
    }

    private func wakeOne() {
        wake { [weak self] in self?.runOne() }
    }

    private func runOne() {
        guard !jobs.isEmpty else { return }
        jobs.swapAt(chance.below(jobs.count), jobs.count - 1)
        jobs.removeLast().runSynchronously(on: asUnownedTaskExecutor())
    }
}
