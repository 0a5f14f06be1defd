/// Something that the store keeps, in an encoding that later versions may extend.
///
///     format: 1 byte, 1 │ field │ field │ …            field: number << 1 │ kind, then
///                                                        kind 0   a number, in groups of seven bits, lowest first
///                                                        kind 1   a length, then as many bytes
///
/// Fields stand in ascending order of their numbers; the same number again is the next element of a list. What is
/// absent is left out. A field's number is given once, and its meaning never changes; new fields get new numbers.
///
/// **A record written by a newer program survives an older one**: fields that a reader does not know are kept in
/// ``unknownFields`` and written again. Everything else that is not such as a writer makes is an error.
public protocol Record: Sendable {
    /// Fields of a newer program, to be kept.
    var unknownFields: UnknownFields { get set }
    /// Reads the fields, in ascending order.
    init(from reader: inout RecordReader) throws(RecordError)
    /// Writes the fields, in ascending order.
    func write(to writer: inout RecordWriter)
}

/// Limits of records.
public enum RecordLimits {
    /// The greatest number that a field may have.
    public static let fieldNumber = 1 << 20
    /// How deep records may lie in records.
    public static let depth = 8
}

extension Record {
    /// Reads a record.
    ///
    /// - Throws: where the bytes are no such record.
    public init(encoded bytes: [UInt8]) throws(RecordError) {
        guard bytes.first == RecordFormat.version else { throw RecordError("a record has another format") }
        try self.init(fields: bytes[1...], depth: 0)
    }

    init(fields: ArraySlice<UInt8>, depth: Int) throws(RecordError) {
        guard depth < RecordLimits.depth else { throw RecordError("records lie too deep in records") }
        var reader = RecordReader(fields, depth: depth)
        self = try Self(from: &reader)
        unknownFields = try reader.finish()
    }

    /// The record as bytes.
    public var encoded: [UInt8] {
        var writer = RecordWriter(keeping: unknownFields)
        write(to: &writer)
        return [RecordFormat.version] + writer.finish()
    }

    var encodedFields: [UInt8] {
        var writer = RecordWriter(keeping: unknownFields)
        write(to: &writer)
        return writer.finish()
    }
}

/// What a reader did not know and a writer writes again.
public struct UnknownFields: Hashable, Sendable {
    struct Field: Hashable, Sendable {
        let number: Int
        /// The field as it stood there, its number included.
        let bytes: [UInt8]
    }

    var fields: [Field] = []

    /// None.
    public init() {}

    /// True where there are none.
    public var isEmpty: Bool { fields.isEmpty }
}

enum RecordFormat {
    static let version: UInt8 = 1
    static let number: UInt64 = 0
    static let bytes: UInt64 = 1
}
