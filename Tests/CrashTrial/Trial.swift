import Glibc
import KVStore
import Raft

/// Where a trial's store lies, and how it is crashed there.
protocol Scene: AnyObject {
    /// Where the log and the engine are.
    var dataDirectory: String { get }
    /// The crashes that the trial is about; there may be others between them.
    static var crash: Crash { get }
    /// Variables for a writer's environment.
    ///
    /// - Parameter hasAnswered: true when there is something that can be lost.
    func environment(hasAnswered: Bool) -> [String]
    /// The first half of a crash: what happens while the writer runs, which is killed next. It may go on for a moment.
    func strike() throws -> Crash
    /// The second half, when no process is left: makes the directory usable again.
    func restore() throws
    /// Lets go of what the trial has taken, when it is over.
    func leave()
    /// Empties the directory.
    func clear() throws
}

/// What a writer can meet.
enum Crash: String {
    /// The process ends. What it has written stays in the page cache.
    case kill
    /// What was not synchronised is gone.
    case powerCut = "power cut"
}

/// Crashes one writer after the other and compares what is left with what was acknowledged.
struct Trial {
    let scene: any Scene
    let seed: UInt64
    /// Where everything goes that is not the store's.
    let notes: String
    /// Begin anew after a loss, instead of ending.
    let keepsGoing: Bool
    private var random: SplitMix
    private var histories: [PartitionHistory] = []
    private var summary = Summary()
    private var errors: String { "\(notes)/errors" }

    init(scene: any Scene, seed: UInt64, notes: String, keepsGoing: Bool) {
        self.scene = scene
        self.seed = seed
        self.notes = notes
        self.keepsGoing = keepsGoing
        random = SplitMix(seed: seed ^ 0xC4A5)
        forget()
    }

    private mutating func forget() {
        histories = Workload.partitions.map { PartitionHistory(Workload(seed: seed), $0) }
    }

    /// Runs the trial, printing a line a round and a summary. True if nothing was lost.
    mutating func run(rounds: Int) throws -> Bool {
        var crashes = 0
        var round = 0
        while crashes < rounds {
            round += 1
            // What ends before its crash counts as one.
            var kind = type(of: scene).crash
            defer { if kind == type(of: scene).crash { crashes += 1 } }
            do {
                let moment: String
                (kind, moment) = try crash(round)
                let report = try inspect(round)
                summary.add(report)
                say("round \(round): \(kind.rawValue) \(moment); \(report.text)")
            } catch let violation as Violation {
                summary.violations += 1
                say("round \(round): VIOLATION, seed \(seed): \(violation)")
                guard keepsGoing else { break }
                try scene.clear()
                forget()
            }
        }
        say(summary.text(of: crashes, type(of: scene).crash))
        return summary.violations == 0
    }

    // MARK: Crashing

    /// Runs a writer, crashes it, and tells when.
    private mutating func crash(_ round: Int) throws -> (Crash, String) {
        let environment = scene.environment(hasAnswered: histories.contains { $0.last != nil })
        let writer = try ChildProcess(writerArguments(round), errors: errors, environment: environment)
        var isOver = false
        defer {
            if !isOver {
                writer.kill()
                _ = writer.wait()
            }
        }
        let text: String
        if Int.random(in: 0..<5, using: &random) == 0 {
            // While it recovers, or soon after.
            let time = Duration.microseconds(Int.random(in: 0...40_000, using: &random))
            let deadline = ContinuousClock.now + time
            while ContinuousClock.now < deadline { try listen(to: writer, until: deadline) }
            text = "\(milliseconds(time)) ms after the start"
        } else {
            let time = Duration.microseconds(Int.random(in: 5_000...300_000, using: &random))
            let deadline = try awaitFirstAnswer(of: writer) + time
            while ContinuousClock.now < deadline { try listen(to: writer, until: deadline) }
            text = "\(milliseconds(time)) ms after the first answer"
        }
        let kind = try scene.strike()
        writer.kill()
        let limit = ContinuousClock.now + .seconds(10)
        while let lines = writer.lines(until: limit) {
            guard ContinuousClock.now < limit else { throw Trouble("a killed writer's output does not end") }
            for line in lines { try take(line) }
        }
        _ = writer.wait()
        isOver = true
        try scene.restore()
        return (kind, text)
    }

    private func writerArguments(_ round: Int) throws -> [String] {
        var arguments = [try ChildProcess.ownPath(), "write", "--directory", scene.dataDirectory]
        arguments += ["--seed", "\(seed)", "--round", "\(round)"]
        for history in histories {
            arguments += ["--applied", "\(history.model.number)"]
            if let last = history.last { arguments += ["--last", "\(history.partition.rawValue) \(last.text)"] }
        }
        return arguments
    }

    private mutating func awaitFirstAnswer(of writer: ChildProcess) throws -> ContinuousClock.Instant {
        let limit = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < limit {
            if try listen(to: writer, until: limit) { return .now }
        }
        throw Violation("there was no answer for 60 s")
    }

    /// Takes what the writer says; true if there was an answer in it.
    @discardableResult
    private mutating func listen(to writer: ChildProcess, until deadline: ContinuousClock.Instant) throws -> Bool {
        guard let lines = writer.lines(until: deadline) else {
            let reason = String(decoding: try readFile(errors), as: UTF8.self)
            throw Violation("the writer has ended by itself: \(reason)")
        }
        var isAnswered = false
        for line in lines { isAnswered = try take(line) || isAnswered }
        return isAnswered
    }

    @discardableResult
    private mutating func take(_ text: Substring) throws -> Bool {
        guard let line = WriterLine(text) else { throw Trouble("the writer said: \(text)") }
        switch line {
        case .ready(let partition, let number, let index):
            try histories[try place(of: partition)].begin(number: number, index: index)
            return false
        case .acknowledged(let partition, let acknowledgement):
            try histories[try place(of: partition)].take(acknowledgement)
            return true
        }
    }

    private func place(of partition: PartitionID) throws -> Int {
        guard let place = histories.firstIndex(where: { $0.partition == partition }) else {
            throw Trouble("there is no partition \(partition)")
        }
        return place
    }

    // MARK: Looking at what is left

    private mutating func inspect(_ round: Int) throws -> RoundReport {
        let inspection = try Inspection(directory: scene.dataDirectory, seed: seed &+ UInt64(round), notes: notes)
        var report = RoundReport(inspection)
        for place in histories.indices {
            let counts = try histories[place].settle(inspection.partitions[histories[place].partition])
            report.acknowledged += counts.acknowledged
            report.beyond += counts.beyond
        }
        return report
    }
}

/// A duration in milliseconds with one place behind the point.
func milliseconds(_ duration: Duration) -> String {
    let tenths = Int((duration / .microseconds(100)).rounded())
    return "\(tenths / 10).\(tenths % 10)"
}
