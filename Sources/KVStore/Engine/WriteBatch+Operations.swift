extension WriteBatch {
    /// One operation of a batch.
    enum Operation: Hashable {
        case put([UInt8], [UInt8])
        case delete([UInt8])
        case deleteRange(KeyRange)
    }

    /// The operations in their order.
    var operations: Operations { Operations(bytes: bytes) }

    /// Reads a batch back. The bytes were encoded by the batch itself, so what does not fit is a defect, not an input.
    struct Operations: Sequence, IteratorProtocol {
        private let bytes: [UInt8]
        private var offset = WriteBatch.headerBytes

        fileprivate init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func next() -> Operation? {
            guard offset < bytes.count else { return nil }
            let tag = bytes[offset]
            offset += 1
            switch tag {
            case Tag.put: return .put(readString(), readString())
            case Tag.delete: return .delete(readString())
            case Tag.deleteRange: return .deleteRange(KeyRange(readString(), readString()))
            default: preconditionFailure("a write batch holds an operation that it cannot hold")
            }
        }

        private mutating func readString() -> [UInt8] {
            var count = 0
            var shift = 0
            while true {
                let byte = bytes[offset]
                offset += 1
                count |= Int(byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 { break }
            }
            defer { offset += count }
            return Array(bytes[offset..<offset + count])
        }
    }
}
