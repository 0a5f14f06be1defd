/// Commands that exist before the clock starts, so that making them is not measured. The same ones are proposed again
/// and again, in turn.
struct PreparedCommands {
    /// More than fit a processor's fastest caches, as commands from clients would be.
    private static let count = 4096

    private let batches: [[[UInt8]]]
    private var nextPosition = 0
    private var handedOut = 0

    init(sizeBytes: Int, batch: Int) {
        precondition(sizeBytes >= 8, "a command is told from the others by its first 8 bytes")
        let commands = (0..<Self.count).map { number in
            var command = [UInt8](repeating: 0xA5, count: sizeBytes)
            withUnsafeBytes(of: UInt64(number).littleEndian) { command.replaceSubrange(0..<8, with: $0) }
            return command
        }
        batches = stride(from: 0, to: Self.count, by: batch).map { Array(commands[$0..<min($0 + batch, Self.count)]) }
    }

    mutating func nextBatch() -> [[UInt8]] {
        let batch = batches[nextPosition]
        nextPosition = nextPosition + 1 == batches.count ? 0 : nextPosition + 1
        handedOut += batch.count
        return batch
    }

    /// What a state machine contains when everything that was handed out was applied to it.
    var applied: AppliedCommands {
        var expected = AppliedCommands()
        var position = 0
        while expected.count < handedOut {
            for command in batches[position] { expected.apply(command) }
            position = (position + 1) % batches.count
        }
        return expected
    }
}
