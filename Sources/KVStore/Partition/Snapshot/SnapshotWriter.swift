public import Raft

/// Sends the data of one partition, as it was at one moment, chunk by chunk.
///
/// Whoever sends asks for the next chunk when it has room for one; nothing happens in between, and what is kept in
/// memory is about a chunk. After a reconnect the receiver says which chunk it wants, and ``seek(to:making:)`` goes to it:
/// chunks are made anew, the same as before. Going back by up to ``bookmarkCount`` chunks costs nothing; going back
/// further reads the data again from the beginning. Going forward is for a receiver that has begun with another writer
/// of the same state: the chunks that it has are made and thrown away. That they are the same it finds out by itself,
/// since every chunk tells the checksum of all before it.
///
/// The writer holds a snapshot of the engine, which keeps old versions from being reclaimed: release it soon.
public final class SnapshotWriter {
    /// What the snapshot contains.
    public let metadata: SnapshotMetadata
    /// The number of the chunk that ``nextChunk()`` makes next.
    public var nextNumber: UInt64 { place.number }

    /// How many places are remembered to go back to.
    static let bookmarkCount = 64

    private let keys: PartitionKeys
    private let snapshot: any EngineSnapshot
    private let chunkBytes: Int
    private let head: AppliedState
    private var place = Place()
    /// The places of the last chunks that were made, ascending.
    private var bookmarks: [Place] = []

    /// Where a chunk begins, and everything that its bytes depend on besides the data.
    private struct Place {
        var number: UInt64 = 0
        /// The first key that is not in an earlier chunk; nil before the head.
        var key: [UInt8]?
        var total: UInt32 = 0
        var entries: UInt64 = 0
        var bytes: UInt64 = 0
        /// All chunks were made.
        var isBehindEnd = false
    }

    init(
        _ keys: PartitionKeys,
        of snapshot: any EngineSnapshot,
        chunkBytes: Int
    ) throws(StateMachineError) {
        precondition(1...SnapshotLimits.chunkBytes ~= chunkBytes, "a snapshot's chunks must have a size in its limits")
        guard let state = try PartitionReader(keys, of: snapshot).state() else {
            preconditionFailure("a snapshot was made of a partition to which nothing was applied")
        }
        self.keys = keys
        self.snapshot = snapshot
        self.chunkBytes = chunkBytes
        head = state
        metadata = state.metadata
    }

    /// The next chunk; nil after the last one.
    public func nextChunk() throws(StateMachineError) -> [UInt8]? { try makeChunk()?.encoded }

    /// What going to a chunk has come to.
    public enum SeekOutcome: Hashable, Sendable {
        /// The chunk comes next.
        case reached
        /// More chunks than were allowed lie before it: to be asked again.
        case onTheWay
        /// There are not so many chunks: who asks for it speaks of another snapshot.
        case behindEnd
    }

    /// Goes to the chunk with this number, back or forward.
    ///
    /// - Parameter limit: How many chunks to make at most.
    public func seek(to number: UInt64, making limit: Int = .max) throws(StateMachineError) -> SeekOutcome {
        if number < place.number {
            bookmarks.removeAll { $0.number > number }
            place = bookmarks.popLast() ?? Place()
        }
        var made = 0
        while place.number < number, !place.isBehindEnd {
            guard made < limit else { return .onTheWay }
            _ = try makeChunk()
            made += 1
        }
        return place.isBehindEnd ? .behindEnd : .reached
    }

    private func makeChunk() throws(StateMachineError) -> SnapshotChunk? {
        guard !place.isBehindEnd else { return nil }
        var next = place
        let (kind, body) = try makeBody(moving: &next)
        next.number += 1
        next.total = body.withUnsafeBytes { Checksum.of($0, after: place.total) }
        if bookmarks.count == Self.bookmarkCount { bookmarks.removeFirst() }
        bookmarks.append(place)
        defer { place = next }
        return SnapshotChunk(
            kind: kind,
            partition: keys.partition,
            position: metadata.position,
            number: place.number,
            body: body,
            total: next.total
        )
    }

    private func makeBody(moving place: inout Place) throws(StateMachineError) -> (SnapshotChunk.Kind, [UInt8]) {
        guard let key = place.key else {
            place.key = keys.behindState.lower
            return (.head, head.encoded)
        }
        let body = try makeEntries(from: key, moving: &place)
        if !body.isEmpty { return (.entries, body) }
        place.isBehindEnd = true
        var end: [UInt8] = []
        end.appendNumber(place.entries)
        end.appendNumber(place.bytes)
        return (.end, end)
    }

    /// As many entries as fit, or one that alone is larger. An iterator lives for one chunk only, so that a slow
    /// receiver does not keep files from being removed.
    private func makeEntries(from key: [UInt8], moving place: inout Place) throws(StateMachineError) -> [UInt8] {
        var moved = place
        let body = try callEngine { () throws(EngineError) in
            var body: [UInt8] = []
            body.reserveCapacity(chunkBytes)
            let iterator = try snapshot.iterator(over: keys.behindState, caching: .bypass)
            var found = try iterator.seek(atOrAfter: key)
            while found {
                let fits = iterator.withKey { key in
                    iterator.withValue { value in
                        append(key.extracting(droppingFirst: keys.prefix.count), value, to: &body, moving: &moved)
                    }
                }
                guard fits else {
                    moved.key = iterator.key
                    return body
                }
                found = try iterator.next()
            }
            moved.key = keys.behindState.upper
            return body
        }
        place = moved
        return body
    }

    private func append(_ key: Span<UInt8>, _ value: Span<UInt8>, to body: inout [UInt8], moving: inout Place) -> Bool {
        let mostBytes = key.count + value.count + 10
        guard body.isEmpty || body.count + mostBytes <= chunkBytes else { return false }
        body.appendNumber(key.count)
        key.withUnsafeBytes { body.append(contentsOf: $0) }
        body.appendNumber(value.count)
        value.withUnsafeBytes { body.append(contentsOf: $0) }
        moving.entries += 1
        moving.bytes += UInt64(key.count + value.count)
        return true
    }
}
