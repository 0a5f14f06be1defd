public import Raft

/// Takes in another replica's data for a partition, chunk by chunk, into a file beside the engine's data.
///
/// Chunks may come damaged, twice, out of order, from another snapshot or from nobody in particular: what is not the
/// chunk that is wanted, and whole, is refused with an error that says why, and changes nothing. A chunk is looked
/// at as a whole before anything of it gets into the file. In memory there is one chunk.
///
/// When it is complete, ``StateMachine/install(_:)`` puts the file in place of the partition's data in one step. A receiver that is
/// released or abandoned before that leaves nothing behind, and neither does a crash.
public final class SnapshotReceiver {
    private enum Phase {
        case receiving
        case complete
        case ended
    }

    private let keys: PartitionKeys
    private let engine: any Engine
    private var phase = Phase.receiving
    private var file: (any SortedFile)?
    private var state: AppliedState?
    private var content: SnapshotContent
    private var total: UInt32 = 0

    /// The number of the chunk that is wanted next: whoever sends goes on from there.
    public private(set) var wanted: UInt64 = 0
    /// What the snapshot contains, once its first chunk is here.
    public var metadata: SnapshotMetadata? { state?.metadata }
    /// True when all chunks are here, and the file is on the disk.
    public var isComplete: Bool { phase == .complete }

    init(_ keys: PartitionKeys, for engine: any Engine) {
        self.keys = keys
        self.engine = engine
        content = SnapshotContent(keys)
    }

    /// What a snapshot's first chunk says of it, without taking it in: for who is yet to decide if it is wanted.
    public static func metadata(ofFirst chunk: [UInt8]) throws(SnapshotError) -> SnapshotMetadata {
        let packed = try PackedChunk(chunk)
        guard packed.number == 0 else { throw .early(number: packed.number, wanted: 0) }
        return try head(packed, try packed.unpack()).metadata
    }

    /// Takes in the chunk that is wanted.
    public func receive(_ chunk: [UInt8]) throws(SnapshotError) {
        guard phase == .receiving else { throw .finished }
        let packed = try PackedChunk(chunk)
        guard packed.partition == keys.partition else { throw .otherPartition(packed.partition) }
        if let state, packed.position != state.position { throw .otherSnapshot(packed.position) }
        guard packed.number >= wanted else { throw .duplicate(number: packed.number, wanted: wanted) }
        guard packed.number == wanted else { throw .early(number: packed.number, wanted: wanted) }
        let body = try packed.unpack()
        let total = body.withUnsafeBytes { Checksum.of($0, after: self.total) }
        guard packed.total == total else { throw .otherContent }
        try take(packed, body)
        self.total = total
        wanted += 1
    }

    /// Gives everything up and removes the file. Harmless afterwards.
    public func abandon() {
        phase = .ended
        file = nil
    }

    /// The complete file, for the one installation that uses it up; nil where there is none, or for another partition.
    func takeReceived(for keys: PartitionKeys) -> (file: any SortedFile, state: AppliedState)? {
        guard phase == .complete, keys == self.keys, let file, let state else { return nil }
        abandon()
        return (file, state)
    }

    private func take(_ packed: PackedChunk, _ body: [UInt8]) throws(SnapshotError) {
        switch packed.kind {
        case .head:
            let state = try Self.head(packed, body)
            try write { file throws(EngineError) in
                try file.delete(keys.range)
                try file.put(keys.state, state.encoded)
            }
            self.state = state
        case .entries:
            guard let state else { throw .malformed(FieldError("kind", "must be head in the first chunk")) }
            let checked = try content.checking(body, in: state)
            try write { file throws(EngineError) in
                try checked.forEachEntry { key, value throws(EngineError) in
                    try file.put(keys.prefix + key, Array(value))
                }
            }
            content = checked.after
        case .end:
            guard let state else { throw .malformed(FieldError("kind", "must be head in the first chunk")) }
            try content.checkEnd(body, in: state)
            try write { file throws(EngineError) in try file.finish() }
            phase = .complete
        }
    }

    private static func head(_ packed: PackedChunk, _ body: [UInt8]) throws(SnapshotError) -> AppliedState {
        guard packed.kind == .head, packed.number == 0 else {
            throw .malformed(FieldError("kind", "must be head in the first chunk, and in no other"))
        }
        let state: AppliedState
        do {
            state = try AppliedState(encoded: body[...])
        } catch {
            throw .malformed(error)
        }
        guard state.position == packed.position, state.position.index > .zero else {
            throw .malformed(FieldError("index", "must be the position of the applied state"))
        }
        return state
    }

    /// After an error of the engine the file may hold a part of the chunk: it can only be thrown away.
    private func write(_ body: (any SortedFile) throws(EngineError) -> Void) throws(SnapshotError) {
        do throws(EngineError) {
            if file == nil { file = try engine.makeSortedFile() }
            if let file { try body(file) }
        } catch {
            abandon()
            throw .engine(error)
        }
    }
}
