import KVStore
import Raft

/// What the parent knows of a partition, and holds against what a crash has left.
///
/// In one life of a writer, each entry behind the one that it has announced is one further command. So the index of the
/// last entry that was found tells how many commands there are, and the model what they must have come to.
struct PartitionHistory {
    let partition: PartitionID
    /// As it was found last.
    private(set) var model: Model
    /// The last command that was ever acknowledged.
    private(set) var last: Acknowledgement?
    /// The last index that was found.
    private var index = LogIndex.zero
    /// What the writer has announced in this round.
    private var ready: (number: UInt64, index: LogIndex)?
    /// What it has acknowledged in this round.
    private var acknowledged: [Acknowledgement] = []

    init(_ workload: Workload, _ partition: PartitionID) {
        self.partition = partition
        model = Model(workload, partition)
    }

    /// What an inspector has found.
    struct Found {
        /// The last entry before the inspector's own.
        let last: LogIndex
        /// The last entry now.
        let now: LogIndex
        let contents: [[UInt8]: [UInt8]]
    }

    mutating func begin(number: UInt64, index: LogIndex) throws {
        guard number == model.number, index > self.index else {
            throw Violation("partition \(partition) begins at command \(number), index \(index)")
        }
        ready = (number, index)
    }

    mutating func take(_ acknowledgement: Acknowledgement) throws {
        guard let ready else { throw Violation("an answer came before partition \(partition) was ready") }
        let number = (acknowledged.last?.number ?? ready.number) + 1
        let index = LogIndex(ready.index.rawValue + number - ready.number)
        guard acknowledgement.number == number, acknowledgement.index == index else {
            throw Violation("partition \(partition): \(acknowledgement) follows command \(number - 1)")
        }
        acknowledged.append(acknowledgement)
    }

    /// Compares the round with what was found after it, and makes that the beginning of the next.
    ///
    /// - Returns: How many commands were acknowledged, and how many more were found.
    mutating func settle(_ found: Found?) throws -> (acknowledged: Int, beyond: Int) {
        defer {
            ready = nil
            acknowledged = []
        }
        guard let found else {
            guard index == .zero, ready == nil else { throw Violation("partition \(partition) is gone") }
            return (0, 0)
        }
        let recovered = try recoveredNumber(found)
        let promised = acknowledged.last?.number ?? model.number
        try advance(to: recovered, found.contents)
        last = acknowledged.last ?? last
        index = found.now
        return (acknowledged.count, Int(recovered - promised))
    }

    private func recoveredNumber(_ found: Found) throws -> UInt64 {
        let promised = acknowledged.last?.number ?? model.number
        let start = ready?.index ?? index
        guard found.last >= start else {
            throw Violation(
                "partition \(partition): \(acknowledged.count) acknowledged commands, and entries before them, are lost"
            )
        }
        guard let ready else { return model.number }
        let recovered = ready.number + (found.last.rawValue - ready.index.rawValue)
        guard recovered >= promised else {
            throw Violation(
                """
                partition \(partition): \(promised - recovered) of \(acknowledged.count) acknowledged commands are \
                lost: acknowledged through \(promised), found through \(recovered)
                """
            )
        }
        guard recovered <= promised + UInt64(Workload.mostInFlight) else {
            throw Violation(
                "partition \(partition) has \(recovered) commands, of which no more than \(promised) were answered"
            )
        }
        return recovered
    }

    /// Applies what is there now, and compares the data and the answers.
    private mutating func advance(to number: UInt64, _ contents: [[UInt8]: [UInt8]]) throws {
        var matching = model.data == contents ? model.number : nil
        var answers = acknowledged[...]
        while model.number < number {
            let outcome = model.applyNext()
            if matching == nil, model.data == contents { matching = model.number }
            if let answer = answers.popFirst(), answer.outcome != outcome {
                throw Violation(
                    "partition \(partition), command \(answer.number): answered \(answer.outcome), should be \(outcome)"
                )
            }
        }
        guard model.data != contents else { return }
        let place =
            matching.map { "they are as after command \($0)" } ?? "they are as after no command since the last round"
        throw Violation(
            """
            partition \(partition): the log has \(number) commands, but the data are not what they come to; \(place); \
            \(difference(contents))
            """
        )
    }

    private func difference(_ contents: [[UInt8]: [UInt8]]) -> String {
        let keys = Set(model.data.keys).union(contents.keys).filter { model.data[$0] != contents[$0] }
        let first = keys.min { $0.lexicographicallyPrecedes($1) } ?? []
        return "\(keys.count) keys differ, the first is \(first)"
    }
}
