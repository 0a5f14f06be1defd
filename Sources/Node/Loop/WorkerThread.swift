internal import DequeModule

/// Does one piece of work after the other, beside the loop.
final class WorkerThread: Sendable {
    /// Work, and where to go with its completion.
    typealias Job = () -> Void

    private struct Queue {
        var jobs: Deque<Job> = []
        var isEnding = false
    }

    private let queue: Monitor<Queue>
    private let thread: NamedThread

    init(name: String) {
        let queue = Monitor(Queue())
        self.queue = queue
        thread = NamedThread(name) {
            while let job = Self.next(queue) { job.value() }
        }
    }

    private static func next(_ queue: Monitor<Queue>) -> Moved<Job>? {
        let job: Moved<Job>?? = queue.wait { queue, _ in
            if let job = queue.jobs.popFirst() { return .some(Moved(job)) }
            return queue.isEnding ? .some(nil) : nil
        }
        return job ?? nil
    }

    /// Does something behind what was given before; see ``Moved`` for what the job may hold.
    func perform(_ job: @escaping Job) {
        queue.withLock { $0.jobs.append(job) }
        queue.ring()
    }

    /// Waits until everything that was given is done, and ends the thread.
    func end() {
        queue.withLock { $0.isEnding = true }
        queue.ring()
        thread.join()
    }
}
