/// The messages of one frame, read one at a time, so that no more than one of them is in memory unfolded.
///
/// What it reads comes from a network. A kind of message that this version does not know is passed over and counted.
public struct MessageBatch: Hashable, Sendable {
    private let bytes: ArraySlice<UInt8>
    private var offset: Int
    /// How many messages were passed over so far, being of kinds that this version does not know.
    public private(set) var skipped = 0

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        offset = bytes.startIndex
    }

    /// How many bytes are left to read.
    public var remainingBytes: Int { bytes.endIndex - offset }

    /// The next message; nil behind the last.
    ///
    /// - Throws: the first field that no node of a known version writes. The batch is then at its end: who sent it is
    ///   broken, and its messages before are whole.
    public mutating func next() throws(FieldError) -> StoreMessage? {
        while offset < bytes.endIndex {
            var reader = FieldReader(bytes[offset...])
            offset = bytes.endIndex
            let message = try reader.string("message", upTo: WireLimits.messageBytes)
            offset = message.endIndex
            do throws(FieldError) {
                if let known = try StoreMessage(fields: message) { return known }
            } catch {
                offset = bytes.endIndex
                throw error
            }
            skipped += 1
        }
        return nil
    }
}
