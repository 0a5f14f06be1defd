import ArgumentParser
import Glibc
import KVStore
import Raft

/// The process that is crashed: takes turns as fast as it can, and tells each answer that it got.
struct WriteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "write",
        abstract: "Writes until it is killed. Started by the other commands.",
        shouldDisplay: false
    )

    @Option(help: "Where the log and the engine are.")
    var directory: String

    @Option(help: "Decides the commands.")
    var seed: UInt64

    @Option(help: "Decides everything else.")
    var round: UInt64

    @Option(help: "How many commands each partition has, in order.", transform: { UInt64($0) ?? 0 })
    var applied: [UInt64] = []

    @Option(help: "The last answer in each partition, to be asked for again.")
    var last: [String] = []

    func run() throws {
        do {
            let node = try TrialNode(directory: directory, seed: seed &* 31 &+ round, creates: true)
            try node.createReplicas()
            try node.lead()
            var writer = Writer(node: node, workload: Workload(seed: seed), round: round)
            for text in last { try writer.askAgain(text) }
            try writer.announce(applied)
            while true { try writer.takeTurn() }
        } catch let violation as Violation {
            printError(violation.description)
            throw Exit.loss
        } catch {
            printError("the writer's store failed: \(error)")
            throw Exit.trouble
        }
    }
}

/// Feeds a store and passes its answers on.
private struct Writer {
    let node: TrialNode
    let workload: Workload
    private var random: SplitMix
    private var streams: [Stream] = []
    /// Lines that are to be written with the turn's others.
    private var lines = ""

    /// The commands of one partition.
    private struct Stream {
        let partition: PartitionID
        /// The last command that was submitted.
        var submitted: UInt64
        /// Those that were submitted and are not answered, ascending.
        var mintedAt: [LogIndex] = []
        /// How many may be on their way together.
        var window = 8

        var answered: UInt64 { submitted - UInt64(mintedAt.count) }
    }

    init(node: TrialNode, workload: Workload, round: UInt64) {
        self.node = node
        self.workload = workload
        random = SplitMix(seed: workload.seed ^ round << 32)
    }

    /// Proposes a command again that was answered before the crash, unchanged. The answer is the same, for ever.
    mutating func askAgain(_ text: String) throws {
        let numbers = text.split(separator: " ").compactMap { UInt64($0) }
        guard let first = numbers.first, let known = Acknowledgement(Array(numbers.dropFirst())) else {
            throw Trouble("\(text) is no answer")
        }
        let partition = PartitionID(first)
        let command = workload.command(known.number, of: partition, mintedAt: known.mintedAt)
        try node.store.submit(command, to: partition, token: RequestToken(0))
        guard case .command(_, .decided(let outcome, _, let firstIndex))? = try node.settle().last,
            outcome == known.outcome, firstIndex == known.index
        else { throw Violation("command \(known.number) of partition \(partition) was answered otherwise before") }
    }

    /// Says where each partition begins to grow.
    mutating func announce(_ applied: [UInt64]) throws {
        for (place, partition) in Workload.partitions.enumerated() {
            let number = place < applied.count ? applied[place] : 0
            streams.append(Stream(partition: partition, submitted: number))
            lines += WriterLine.ready(partition, number: number, index: try node.applied(partition)).text
        }
        tell()
    }

    mutating func takeTurn() throws {
        for place in streams.indices { try submit(from: place) }
        for answer in try node.turn() { try take(answer) }
        tell()
        if chance(1, of: 50) { node.store.tick() }
        if chance(1, of: 60) { try node.store.maintain(maxBytes: 256 << 10) }
        if chance(1, of: 150) { try node.engine.flush() }
    }

    private mutating func submit(from place: Int) throws {
        var stream = streams[place]
        defer { streams[place] = stream }
        if chance(1, of: 20) { stream.window = Int.random(in: 1...Workload.mostInFlight, using: &random) }
        let mintedAt = try node.applied(stream.partition)
        while stream.mintedAt.count < stream.window {
            let number = stream.submitted + 1
            let command = workload.command(number, of: stream.partition, mintedAt: mintedAt)
            let token = RequestToken(stream.partition.rawValue << 48 | number)
            do throws(RequestRefusal) {
                try node.store.submit(command, to: stream.partition, token: token)
            } catch {
                guard error == .overloaded else { throw Violation("a command was refused: \(error)") }
                return
            }
            stream.submitted = number
            stream.mintedAt.append(mintedAt)
        }
    }

    private mutating func take(_ answer: Answer) throws {
        guard case .command(let token, .decided(let outcome, let position, let firstIndex)) = answer else {
            throw Violation("a leader without rivals gave the answer \(answer)")
        }
        let number = token.rawValue & (1 << 48 - 1)
        guard let place = streams.firstIndex(where: { $0.partition.rawValue == token.rawValue >> 48 }),
            number == streams[place].answered + 1, firstIndex == position.index, outcome != .expired
        else { throw Violation("an answer came out of order, or to a command that was never new: \(answer)") }
        let mintedAt = streams[place].mintedAt.removeFirst()
        let acknowledgement = Acknowledgement(
            number: number,
            index: position.index,
            mintedAt: mintedAt,
            outcome: outcome
        )
        lines += WriterLine.acknowledged(streams[place].partition, acknowledgement).text
    }

    private mutating func chance(_ part: Int, of whole: Int) -> Bool {
        Int.random(in: 0..<whole, using: &random) < part
    }

    /// Writes the lines to the parent; without one the process has no business any more.
    private mutating func tell() {
        if !lines.isEmpty, !writeAll(lines, to: STDOUT_FILENO) { exit(0) }
        lines = ""
    }
}
