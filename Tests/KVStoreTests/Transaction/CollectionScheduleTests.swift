import Raft
import Testing

@testable import KVStore

@Suite("Transactions: when to collect")
struct CollectionScheduleTests {
    private let options: CollectionOptions = {
        var options = CollectionOptions()
        options.waitTicks = 100
        options.longestWaitTicks = 350
        options.stepTicks = 5
        return options
    }()

    @Test("Pieces of a pass follow each other, passes with a wait between them")
    func passes() {
        var schedule = CollectionSchedule(options, at: 10)
        let early = schedule.isDue(at: 109)
        #expect(!early)
        let first = schedule.isDue(at: 110)
        let again = schedule.isDue(at: 111)
        #expect(first && !again, "one piece at a time")
        schedule.done(options, at: 112, index: LogIndex(40), isEnd: false)
        let soon = (schedule.isDue(at: 116), schedule.isDue(at: 117))
        #expect(soon == (false, true))
        schedule.done(options, at: 120, index: LogIndex(43), isEnd: true)
        let next = (schedule.isDue(at: 219), schedule.isDue(at: 220))
        #expect(next == (false, true))
    }

    @Test("Where nothing is written, passes become rarer, up to a limit; where something is, not")
    func quiet() {
        var schedule = CollectionSchedule(options, at: 0)
        var tick = 0
        var index: UInt64 = 7
        func pass(writes: UInt64) -> Int {
            let start = tick
            while !schedule.isDue(at: tick) { tick += 1 }
            index += writes + 1
            schedule.done(options, at: tick, index: LogIndex(index), isEnd: true)
            return tick - start
        }
        #expect([0, 0, 0, 0, 0].map { pass(writes: $0) } == [100, 100, 200, 350, 350])
        #expect(pass(writes: 1) == 350)
        #expect(pass(writes: 0) == 100)
    }

    @Test("What has failed is tried after a wait")
    func failure() {
        var schedule = CollectionSchedule(options, at: 0)
        let first = schedule.isDue(at: 100)
        schedule.failed(options, at: 130)
        let next = (schedule.isDue(at: 229), schedule.isDue(at: 230))
        #expect(first && next == (false, true))
    }
}
