import KVStore
import Testing

@testable import GalaNode

@Suite("The loop's thread")
struct LoopThreadTests {
    /// What actions on the loop write, which nobody reads before the loop has ended.
    final class Notes: @unchecked Sendable {
        var lines: [Int] = []
        var isOnLoop = true
    }

    @Test("actions of one thread run in their order, on the loop's thread")
    func order() async {
        let loop = LoopThread()
        let notes = Notes()
        for number in 0..<10_000 {
            loop.enqueue {
                notes.lines.append(number)
                if !loop.isCurrent { notes.isOnLoop = false }
            }
        }
        await loop.ended()
        #expect(notes.lines == Array(0..<10_000))
        #expect(notes.isOnLoop)
    }

    @Test("what the loop puts off runs behind everything that has come from elsewhere")
    func later() async {
        let loop = LoopThread()
        let notes = Notes()
        let gate = Monitor(false)
        loop.enqueue {
            loop.enqueue { notes.lines.append(2) }
            notes.lines.append(0)
            gate.wait { isOpen, _ in isOpen ? () : nil }
        }
        loop.enqueue { notes.lines.append(1) }
        gate.withLock { $0 = true }
        gate.ring()
        await loop.ended()
        #expect(notes.lines == [0, 1, 2])
    }

    @Test("timers go off in the order of their moments, and not too early")
    func timers() async {
        let loop = LoopThread()
        let notes = Notes()
        let start = monotonicNanoseconds()
        await withCheckedContinuation { continuation in
            loop.enqueue(after: .milliseconds(30)) {
                notes.lines.append(3)
                continuation.resume()
            }
            loop.enqueue(after: .milliseconds(10)) { notes.lines.append(1) }
            loop.enqueue(after: .milliseconds(20)) { notes.lines.append(2) }
        }
        #expect(monotonicNanoseconds() - start >= 30_000_000)
        await loop.ended()
        #expect(notes.lines == [1, 2, 3])
    }

    @Test("a timer that takes longer than the time to its next turn holds nobody else up", .timeLimit(.minutes(1)))
    func slowTimers() async {
        let loop = LoopThread()
        let notes = Notes()
        /// Sets itself again before it works, as ticks do.
        @Sendable func tick() {
            if notes.lines.count == 1 { return }
            loop.enqueue(after: .milliseconds(1), tick)
            let end = monotonicNanoseconds() + 3_000_000
            while monotonicNanoseconds() < end {}
        }
        loop.enqueue(tick)
        await withCheckedContinuation { continuation in
            loop.enqueue(after: .milliseconds(20)) {
                loop.enqueue {
                    notes.lines.append(1)
                    continuation.resume()
                }
            }
        }
        await loop.ended()
        #expect(notes.lines == [1])
    }

    @Test("work runs beside the loop, one after the other for a worker, and its completion on the loop")
    func workers() async {
        let loop = LoopThread()
        let notes = Notes()
        for worker in LoopWorker.allCases {
            for number in 0..<100 {
                loop.perform(on: worker) {
                    if loop.isCurrent { notes.isOnLoop = false }
                } completion: {
                    if loop.isCurrent, worker == .log { notes.lines.append(number) }
                }
            }
        }
        // The end waits for work that was given, and for its completions.
        await loop.ended()
        #expect(notes.lines == Array(0..<100))
        #expect(notes.isOnLoop)
    }

    @Test("after the end nothing is run, and timers that are not due are dropped")
    func end() async {
        let loop = LoopThread()
        let notes = Notes()
        loop.enqueue(after: .seconds(3600)) { notes.lines.append(1) }
        await loop.ended()
        #expect(!loop.offer { notes.lines.append(2) })
        loop.perform(on: .log) {
            notes.lines.append(3)
        } completion: {
        }
        #expect(notes.lines.isEmpty)
    }

    @Test("actions from many threads are all run, each thread's in its order")
    func manyThreads() async {
        let loop = LoopThread()
        let notes = Notes()
        await withTaskGroup { group in
            for thread in 0..<8 {
                group.addTask {
                    for number in 0..<2_000 { loop.enqueue { notes.lines.append(thread * 10_000 + number) } }
                }
            }
        }
        await loop.ended()
        #expect(notes.lines.count == 16_000)
        for thread in 0..<8 {
            let own = notes.lines.filter { $0 / 10_000 == thread }
            #expect(own == own.sorted())
        }
    }
}
