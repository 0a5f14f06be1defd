/// Takes a key of the domain apart, in the order in which it was put together.
public struct KeyReader {
    /// Where the entity lies.
    public let bucket: Bucket
    /// What kind of record lies there.
    public let table: Table
    private var rest: ArraySlice<UInt8>

    /// Begins with a key.
    ///
    /// - Throws: when it is no key of the domain.
    public init(_ key: [UInt8]) throws(RecordError) {
        guard key.count >= DomainKey.headerBytes, key[0] == DomainKey.space else {
            throw RecordError("is no key of the domain")
        }
        bucket = Bucket(UInt16(key[1]) << 8 | UInt16(key[2]))
        table = Table(key[3])
        rest = key[DomainKey.headerBytes...]
    }

    /// True when no part is left.
    public var isAtEnd: Bool { rest.isEmpty }

    /// The next part, a number.
    public mutating func number() throws(RecordError) -> UInt64 {
        guard rest.count >= 8 else { throw RecordError("a key ends within a number") }
        defer { rest = rest.dropFirst(8) }
        return rest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The next part, a number that was inverted.
    public mutating func newestFirst() throws(RecordError) -> UInt64 { ~(try number()) }

    /// The next part, one byte.
    public mutating func byte() throws(RecordError) -> UInt8 {
        guard let byte = rest.popFirst() else { throw RecordError("a key ends before a part") }
        return byte
    }

    /// The next part, a text.
    public mutating func text() throws(RecordError) -> String {
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte != 0 {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case 0xFF: bytes.append(0)
            case 1:
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    throw RecordError("a key's text is not UTF-8")
                }
                return text
            default: throw RecordError("a key's text is not ended")
            }
        }
        throw RecordError("a key ends within a text")
    }
}
