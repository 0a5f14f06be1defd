import KVStore
import Testing

/// Sends everything, without trouble on the way.
func transfer(from source: StateMachine, to target: StateMachine, chunkBytes: Int = 4 << 10) throws -> SnapshotReceiver
{
    let writer = try source.makeSnapshot(chunkBytes: chunkBytes)
    let receiver = target.receiveSnapshot()
    while let chunk = try writer.nextChunk() { try receiver.receive(chunk) }
    try #require(receiver.isComplete)
    return receiver
}

/// All chunks of a snapshot.
func chunks(of machine: StateMachine, chunkBytes: Int) throws -> [[UInt8]] {
    let writer = try machine.makeSnapshot(chunkBytes: chunkBytes)
    var chunks: [[UInt8]] = []
    while let chunk = try writer.nextChunk() { chunks.append(chunk) }
    return chunks
}
