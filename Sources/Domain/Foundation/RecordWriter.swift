/// Writes a record's fields, in ascending order of their numbers. Nil is left out.
public struct RecordWriter {
    private var bytes: [UInt8] = []
    private var lastField = 0
    /// Those that are still to be written.
    private var unknown: ArraySlice<UnknownFields.Field>

    init(keeping unknown: UnknownFields) {
        self.unknown = unknown.fields[...]
        bytes.reserveCapacity(128)
    }

    /// A number that is not negative. Small ones take little room.
    public mutating func number(_ field: Int, _ value: UInt64?) {
        guard let value else { return }
        begin(field, RecordFormat.number)
        append(value)
    }

    /// A number that may be negative. Those near zero take little room.
    public mutating func signed(_ field: Int, _ value: Int64?) {
        number(field, value.map { UInt64(bitPattern: ($0 << 1) ^ ($0 >> 63)) })
    }

    /// Yes or no.
    public mutating func flag(_ field: Int, _ value: Bool?) { number(field, value.map { $0 ? 1 : 0 }) }

    /// An id.
    public mutating func id(_ field: Int, _ value: (some Identifier)?) { number(field, value?.rawValue) }

    /// A moment.
    public mutating func instant(_ field: Int, _ value: Instant?) { number(field, value?.milliseconds) }

    /// One of several cases, by its number.
    public mutating func choice<Choice: RawRepresentable<UInt64>>(_ field: Int, _ value: Choice?) {
        number(field, value?.rawValue)
    }

    /// Bytes.
    public mutating func bytes(_ field: Int, _ value: [UInt8]?) {
        guard let value else { return }
        begin(field, RecordFormat.bytes)
        append(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// A text.
    public mutating func text(_ field: Int, _ value: String?) { bytes(field, value.map { Array($0.utf8) }) }

    /// A record in this one.
    public mutating func record(_ field: Int, _ value: (some Record)?) { bytes(field, value?.encodedFields) }

    /// A list of records.
    public mutating func records(_ field: Int, _ values: [some Record]) {
        for value in values { record(field, value) }
    }

    /// A list of numbers.
    public mutating func numbers(_ field: Int, _ values: [UInt64]) {
        for value in values { number(field, value) }
    }

    /// A list of texts.
    public mutating func texts(_ field: Int, _ values: [String]) {
        for value in values { text(field, value) }
    }

    mutating func finish() -> [UInt8] {
        for field in unknown { bytes.append(contentsOf: field.bytes) }
        unknown = []
        return bytes
    }

    private mutating func begin(_ field: Int, _ kind: UInt64) {
        precondition((1...RecordLimits.fieldNumber).contains(field), "a field's number is within the limits")
        precondition(field >= lastField, "fields are written in ascending order")
        lastField = field
        while let next = unknown.first, next.number < field {
            bytes.append(contentsOf: next.bytes)
            unknown = unknown.dropFirst()
        }
        append(UInt64(field) << 1 | kind)
    }

    private mutating func append(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
