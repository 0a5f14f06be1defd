import Raft

/// A state machine that remembers which commands it was given, and in which order, in one number.
///
/// Applying must cost little beside the core, and must still look at every command: so it takes in a command's place,
/// its length and its first bytes, which tell prepared commands apart.
struct AppliedCommands: Hashable {
    private(set) var count = 0
    private(set) var last = LogIndex.zero
    private var checksum: UInt64 = 0

    mutating func apply(_ entry: Entry) {
        precondition(entry.index == last.next, "entries are applied in order, without gaps")
        last = entry.index
        guard case .command(let command) = entry.payload else { return }
        apply(command)
    }

    mutating func apply(_ command: [UInt8]) {
        count += 1
        let head = command.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
        checksum = (checksum ^ head ^ UInt64(command.count)) &* 0x9E37_79B9_7F4A_7C15
        checksum ^= checksum >> 29
    }

    /// True when the same commands were applied in the same order, wherever they stood in the log.
    func hasSameCommands(as other: AppliedCommands) -> Bool { count == other.count && checksum == other.checksum }
}
