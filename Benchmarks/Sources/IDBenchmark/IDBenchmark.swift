import BenchmarkSupport
import Glibc
import IDGen

/// Measures what one core can mint, against the 4,096 ids of a millisecond that the format has.
///
///     free    time goes on as fast as ids are used up: what the work itself costs
///     paced   time is that of the machine: no more than the format allows
@main
enum IDBenchmark {
    private static let batches = [1, 10, 100, 4_096]
    private static let runs = 5
    private static let seconds = 1.0

    static func main() {
        let machine = Machine.current()
        print("\(machine.processor), \(machine.build), \(machine.commit), \(machine.date)")
        var table = Table(["batch", "free ids/s", "paced ids/s", "of the limit"])
        let limit = Double(SnowflakeID.sequenceCount) * 1_000
        for batch in batches {
            let free = median((0..<runs).map { _ in measure(batch, isPaced: false) })
            let paced = median((0..<runs).map { _ in measure(batch, isPaced: true) })
            let share = decimal(100 * paced / limit, places: 1) + " %"
            table.add([grouped(batch), grouped(free), grouped(paced), share])
        }
        print(table.text)
    }

    /// Ids in a second, over one run.
    private static func measure(_ batch: Int, isPaced: Bool) -> Double {
        let from = SnowflakeID.epoch + 1
        var minter = SnowflakeMinter(
            WorkerLease(worker: 1, from: from, upTo: from + 1 << 40, token: 1)
        )
        let start = nanoseconds()
        var now = start
        var time = from
        var ids: [SnowflakeID] = []
        ids.reserveCapacity(batch)
        var minted = 0
        var sum: UInt64 = 0
        while Double(now - start) < seconds * 1e9 {
            // The clock is looked at once for several batches where they are small, as a busy process does.
            for _ in 0..<max(1, 256 / batch) {
                if minter.mint(upTo: batch, into: &ids, at: time) != nil, !isPaced { time += 1 }
                minted += ids.count
                sum &+= ids.last?.rawValue ?? 0
                ids.removeAll(keepingCapacity: true)
            }
            now = nanoseconds()
            if isPaced { time = from + (now - start) / 1_000_000 }
        }
        precondition(sum != 0, "ids are used, or they would not be minted at all")
        return Double(minted) / Double(now - start) * 1e9
    }

    private static func nanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
