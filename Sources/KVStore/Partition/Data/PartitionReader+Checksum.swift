public import Raft

/// A checksum of what the replicas of a partition have in common.
public struct PartitionChecksum: Hashable, Sendable {
    /// The last entry that had been applied. Only checksums of one position can be compared.
    public let position: LogPosition
    /// How many users' entries there are, plain ones and latest versions.
    public let entries: UInt64
    /// Bytes of users' keys and of what lies there.
    public let bytes: UInt64
    /// CRC32C over everything, lengths included.
    public let checksum: UInt32

    /// Makes a checksum, as read from a message.
    public init(position: LogPosition, entries: UInt64, bytes: UInt64, checksum: UInt32) {
        self.position = position
        self.entries = entries
        self.bytes = bytes
        self.checksum = checksum
    }
}

extension PartitionReader {
    /// The checksum of the data as it is now. It reads all of it, past the cache, and keeps one entry in memory.
    func checksum() throws(StateMachineError) -> PartitionChecksum {
        do {
            // An iterator sees one state, and the applied state comes first: so it is that of the data behind it.
            let iterator = try reader.iterator(over: keys.range, caching: .bypass)
            var found = try iterator.seekToFirst()
            var state = AppliedState(initial: Configuration(voters: []))
            if found, iterator.key == keys.state {
                state = try AppliedState(encoded: iterator.value[...])
                found = try iterator.next()
            }
            var sum = RunningChecksum(state.common)
            while found {
                iterator.withKey { key in
                    iterator.withValue { sum.add(key.extracting(droppingFirst: keys.prefix.count), $0) }
                }
                found = try iterator.next()
            }
            return PartitionChecksum(
                position: state.position,
                entries: sum.entries,
                bytes: sum.bytes,
                checksum: sum.checksum
            )
        } catch {
            throw StateMachineError(error)
        }
    }
}

/// A checksum that grows entry by entry.
private struct RunningChecksum {
    private(set) var entries: UInt64 = 0
    private(set) var bytes: UInt64 = 0
    private(set) var checksum: UInt32

    init(_ state: AppliedState) {
        checksum = state.encoded.withUnsafeBytes { Checksum.of($0) }
    }

    /// Adds an entry; the key without the partition's prefix.
    mutating func add(_ key: Span<UInt8>, _ value: Span<UInt8>) {
        let lengths = UInt64(key.count) << 32 | UInt64(value.count)
        var sum = Checksum.ofNumber(lengths, after: checksum)
        sum = key.withUnsafeBytes { Checksum.of($0, after: sum) }
        checksum = value.withUnsafeBytes { Checksum.of($0, after: sum) }
        switch key[0] {
        case PartitionKeys.Space.user: break
        case PartitionKeys.Space.current: guard !CurrentVersion.isTombstone(value) else { return }
        default: return
        }
        entries += 1
        bytes += UInt64(key.count - 1 + value.count)
    }
}

extension AppliedState {
    /// The part of the state in which replicas agree: without the configuration that one was made with.
    fileprivate var common: AppliedState {
        guard configurationIndex == .zero else { return self }
        var common = self
        common.configuration = Configuration(voters: [])
        return common
    }
}
