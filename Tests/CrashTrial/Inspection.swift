import Glibc
import KVStore
import Raft

/// What an inspector says of a directory.
struct Inspection {
    private(set) var partitions: [PartitionID: PartitionHistory.Found] = [:]
    /// How long it took to open log, engine and store.
    private(set) var opened = Duration.zero
    /// How long until every replica led and had applied its whole log.
    private(set) var ready = Duration.zero
    /// Entries that the engine had lost and that were applied again.
    private(set) var replayed = 0
    /// The highest index that a replica's log was cut at.
    private(set) var base = 0
    /// The log's oldest and newest segment.
    let segments: (oldest: Int, newest: Int)

    init(directory: String, seed: UInt64, notes: String) throws {
        segments = Self.segments(in: "\(directory)/log")
        let errors = "\(notes)/errors"
        let arguments = [
            try ChildProcess.ownPath(), "inspect", "--directory", directory, "--seed", "\(seed)", "--contents", notes,
        ]
        let (end, output) = try ChildProcess.run(arguments, errors: errors)
        guard end == .exit(0) else {
            let reason = String(decoding: try readFile(errors), as: UTF8.self)
            throw Violation("recovery failed (\(end)): \(reason)")
        }
        for line in output.split(separator: "\n") { try take(line, notes) }
    }

    private mutating func take(_ line: Substring, _ notes: String) throws {
        let fields = line.split(separator: " ")
        let numbers = fields.dropFirst().compactMap { UInt64($0) }
        switch (fields.first, numbers.count) {
        case ("missing", 0): break
        case ("times", 2):
            opened = .microseconds(numbers[0])
            ready = .microseconds(numbers[1])
        case ("partition", 5):
            let partition = PartitionID(numbers[0])
            partitions[partition] = PartitionHistory.Found(
                last: LogIndex(numbers[1]),
                now: LogIndex(numbers[2]),
                contents: try Contents.read(Contents.path(notes, partition))
            )
            replayed += Int(numbers[3])
            base = max(base, Int(numbers[4]))
        default: throw Trouble("the inspector said: \(line)")
        }
    }

    private static func segments(in directory: String) -> (oldest: Int, newest: Int) {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob("\(directory)/*.segment", 0, nil, &found) == 0, let paths = found.gl_pathv else { return (0, 0) }
        let numbers = (0..<Int(found.gl_pathc)).compactMap { place in
            paths[place].flatMap { Int(String(cString: $0).dropFirst(directory.count + 1).dropLast(8)) }
        }
        return (numbers.min() ?? 0, numbers.max() ?? 0)
    }
}
