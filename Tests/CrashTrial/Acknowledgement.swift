import KVStore
import Raft

/// What a writer tells its parent, a line each.
enum WriterLine {
    /// Recovery is over: of a partition so many commands are applied, the log's last entry has this index, and each
    /// further entry will be one further command.
    case ready(PartitionID, number: UInt64, index: LogIndex)
    /// A command was answered.
    case acknowledged(PartitionID, Acknowledgement)

    var text: String {
        switch self {
        case .ready(let partition, let number, let index):
            "ready \(partition.rawValue) \(number) \(index.rawValue)\n"
        case .acknowledged(let partition, let acknowledgement):
            "ack \(partition.rawValue) \(acknowledgement.text)\n"
        }
    }

    init?(_ text: Substring) {
        let fields = text.split(separator: " ")
        guard fields.count > 2, let partition = UInt64(fields[1]) else { return nil }
        let numbers = fields[2...].compactMap { UInt64($0) }
        switch fields[0] {
        case "ready" where numbers.count == 2:
            self = .ready(PartitionID(partition), number: numbers[0], index: LogIndex(numbers[1]))
        case "ack":
            guard let acknowledgement = Acknowledgement(numbers) else { return nil }
            self = .acknowledged(PartitionID(partition), acknowledgement)
        default: return nil
        }
    }
}

/// A command's answer, and what is needed to propose it again.
struct Acknowledgement: Hashable {
    let number: UInt64
    let index: LogIndex
    let mintedAt: LogIndex
    let outcome: CommandOutcome

    var text: String {
        let code =
            switch outcome {
            case .applied: 0
            case .conditionFailed(let operation): operation + 1
            case .expired: preconditionFailure("a refused command is no answer that counts")
            case .transaction: preconditionFailure("no transaction was proposed")
            }
        return "\(number) \(index.rawValue) \(mintedAt.rawValue) \(code)"
    }
}

extension Acknowledgement {
    init?(_ numbers: [UInt64]) {
        guard numbers.count == 4 else { return nil }
        number = numbers[0]
        index = LogIndex(numbers[1])
        mintedAt = LogIndex(numbers[2])
        outcome = numbers[3] == 0 ? .applied : .conditionFailed(operation: Int(numbers[3]) - 1)
    }
}
