/// Reads a record's fields, asked for in ascending order of their numbers. What nobody asks for is kept as unknown.
///
/// The bytes come from a disk: nothing of them is trusted, and no length is believed before it is looked at.
public struct RecordReader {
    private var rest: ArraySlice<UInt8>
    private let depth: Int
    private var next: Field?
    private var lastField = 0
    private var lastAsked = 0
    private var unknown = UnknownFields()

    private struct Field {
        let number: Int
        let raw: ArraySlice<UInt8>
        let value: Value

        enum Value {
            case number(UInt64)
            case bytes(ArraySlice<UInt8>)
        }
    }

    init(_ fields: ArraySlice<UInt8>, depth: Int) {
        rest = fields
        self.depth = depth
    }

    // MARK: Fields that must be there

    /// A number.
    public mutating func number(_ field: Int) throws(RecordError) -> UInt64 {
        try required(field, try number(ifPresent: field))
    }

    /// A number that may be negative.
    public mutating func signed(_ field: Int) throws(RecordError) -> Int64 {
        try required(field, try signed(ifPresent: field))
    }

    /// Yes or no.
    public mutating func flag(_ field: Int) throws(RecordError) -> Bool {
        try required(field, try flag(ifPresent: field))
    }

    /// An id.
    public mutating func id<ID: Identifier>(_ field: Int, as type: ID.Type = ID.self) throws(RecordError) -> ID {
        try required(field, try id(ifPresent: field))
    }

    /// A moment.
    public mutating func instant(_ field: Int) throws(RecordError) -> Instant {
        try required(field, try instant(ifPresent: field))
    }

    /// One of several cases. One that this program does not know is an error.
    public mutating func choice<Choice: RawRepresentable<UInt64>>(
        _ field: Int,
        as type: Choice.Type = Choice.self
    ) throws(RecordError) -> Choice {
        try required(field, try choice(ifPresent: field))
    }

    /// Bytes.
    public mutating func bytes(_ field: Int) throws(RecordError) -> [UInt8] {
        try required(field, try bytes(ifPresent: field))
    }

    /// A text.
    public mutating func text(_ field: Int) throws(RecordError) -> String {
        try required(field, try text(ifPresent: field))
    }

    /// A record in this one.
    public mutating func record<R: Record>(_ field: Int, as type: R.Type = R.self) throws(RecordError) -> R {
        try required(field, try record(ifPresent: field))
    }

    // MARK: Fields that may be absent

    /// A number, if there is one.
    public mutating func number(ifPresent field: Int) throws(RecordError) -> UInt64? {
        guard let found = try take(field) else { return nil }
        return try number(found)
    }

    /// A number that may be negative, if there is one.
    public mutating func signed(ifPresent field: Int) throws(RecordError) -> Int64? {
        try number(ifPresent: field).map { Int64(bitPattern: $0 >> 1) ^ -Int64(bitPattern: $0 & 1) }
    }

    /// Yes or no, if it is said.
    public mutating func flag(ifPresent field: Int) throws(RecordError) -> Bool? {
        guard let number = try number(ifPresent: field) else { return nil }
        guard number <= 1 else { throw RecordError("field \(field) is neither 0 nor 1") }
        return number == 1
    }

    /// An id, if there is one.
    public mutating func id<ID: Identifier>(
        ifPresent field: Int,
        as type: ID.Type = ID.self
    ) throws(RecordError) -> ID? {
        guard let number = try number(ifPresent: field) else { return nil }
        guard let id = ID(checking: number) else { throw RecordError("field \(field) is no id") }
        return id
    }

    /// A moment, if there is one.
    public mutating func instant(ifPresent field: Int) throws(RecordError) -> Instant? {
        guard let number = try number(ifPresent: field) else { return nil }
        guard number <= Instant.latest.milliseconds else { throw RecordError("field \(field) is no moment") }
        return Instant(milliseconds: number)
    }

    /// One of several cases, if there is one.
    public mutating func choice<Choice: RawRepresentable<UInt64>>(
        ifPresent field: Int,
        as type: Choice.Type = Choice.self
    ) throws(RecordError) -> Choice? {
        guard let number = try number(ifPresent: field) else { return nil }
        guard let choice = Choice(rawValue: number) else {
            throw RecordError("field \(field) has a case that is not known: \(number)")
        }
        return choice
    }

    /// Bytes, if there are any.
    public mutating func bytes(ifPresent field: Int) throws(RecordError) -> [UInt8]? {
        guard let found = try take(field) else { return nil }
        return Array(try bytes(found))
    }

    /// A text, if there is one.
    public mutating func text(ifPresent field: Int) throws(RecordError) -> String? {
        guard let found = try take(field) else { return nil }
        return try text(found)
    }

    /// A record in this one, if there is one.
    public mutating func record<R: Record>(
        ifPresent field: Int,
        as type: R.Type = R.self
    ) throws(RecordError) -> R? {
        guard let found = try take(field) else { return nil }
        return try R(fields: try bytes(found), depth: depth + 1)
    }

    // MARK: Lists

    /// A list of records.
    public mutating func records<R: Record>(_ field: Int, as type: R.Type = R.self) throws(RecordError) -> [R] {
        var list: [R] = []
        while let found = try take(field, inList: true) {
            list.append(try R(fields: try bytes(found), depth: depth + 1))
        }
        return list
    }

    /// A list of numbers.
    public mutating func numbers(_ field: Int) throws(RecordError) -> [UInt64] {
        var list: [UInt64] = []
        while let found = try take(field, inList: true) { list.append(try number(found)) }
        return list
    }

    /// A list of texts.
    public mutating func texts(_ field: Int) throws(RecordError) -> [String] {
        var list: [String] = []
        while let found = try take(field, inList: true) { list.append(try text(found)) }
        return list
    }

    // MARK: Within

    mutating func finish() throws(RecordError) -> UnknownFields {
        lastAsked = .max
        while let field = try peek() { keep(field) }
        return unknown
    }

    private func required<Value>(_ field: Int, _ value: Value?) throws(RecordError) -> Value {
        guard let value else { throw RecordError("field \(field) is missing") }
        return value
    }

    private func number(_ field: Field) throws(RecordError) -> UInt64 {
        guard case .number(let number) = field.value else { throw RecordError("field \(field.number) is no number") }
        return number
    }

    private func bytes(_ field: Field) throws(RecordError) -> ArraySlice<UInt8> {
        guard case .bytes(let bytes) = field.value else { throw RecordError("field \(field.number) is no bytes") }
        return bytes
    }

    private func text(_ field: Field) throws(RecordError) -> String {
        guard let text = String(validating: try bytes(field), as: UTF8.self) else {
            throw RecordError("field \(field.number) is not UTF-8")
        }
        return text
    }

    /// The next field if it has this number; those before it are unknown.
    private mutating func take(_ number: Int, inList: Bool = false) throws(RecordError) -> Field? {
        precondition(inList ? number >= lastAsked : number > lastAsked, "fields are read in ascending order")
        lastAsked = number
        while let field = try peek(), field.number <= number {
            guard field.number == number else {
                keep(field)
                continue
            }
            next = nil
            if !inList, let again = try peek(), again.number == number {
                throw RecordError("field \(number) is there twice")
            }
            return field
        }
        return nil
    }

    private mutating func keep(_ field: Field) {
        unknown.fields.append(UnknownFields.Field(number: field.number, bytes: Array(field.raw)))
        next = nil
    }

    private mutating func peek() throws(RecordError) -> Field? {
        if let next { return next }
        guard !rest.isEmpty else { return nil }
        let whole = rest
        let tag = try takeNumber()
        guard (1...UInt64(RecordLimits.fieldNumber)).contains(tag >> 1) else {
            throw RecordError("a field's number is out of its limits")
        }
        let number = Int(tag >> 1)
        guard number >= lastField else { throw RecordError("fields do not ascend") }
        lastField = number
        let value: Field.Value
        if tag & 1 == RecordFormat.number {
            value = .number(try takeNumber())
        } else {
            let count = try takeNumber()
            guard count <= UInt64(rest.count) else { throw RecordError("field \(number) ends too early") }
            value = .bytes(rest.prefix(Int(count)))
            rest = rest.dropFirst(Int(count))
        }
        let field = Field(number: number, raw: whole[..<rest.startIndex], value: value)
        next = field
        return field
    }

    /// A number in as few bytes as it needs: one number has one encoding.
    private mutating func takeNumber() throws(RecordError) -> UInt64 {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = rest.popFirst() {
            guard shift < 63 || (shift == 63 && byte <= 1) else { throw RecordError("a number is too long") }
            guard byte != 0 || shift == 0 else { throw RecordError("a number is longer than it needs") }
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
            shift += 7
        }
        throw RecordError("a number ends too early")
    }
}
