internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// The members of a JSON object, taken one by one by those who know them; what is left over in the end is refused.
///
/// A member that nobody knows is refused rather than passed over: `"anonimous": true` must not become a gift that
/// names its donor. A member that is `null` counts as absent, except where absence and `null` differ.
struct BodyMembers {
    private let path: [String]
    private var members: [String: JSONInput]
    private let names: [String]

    /// The members of a request's body.
    ///
    /// - Throws: 415 for another media type, 400 for what is no JSON, 422 for what is no object.
    init(of request: Request, _ body: ByteBuffer) throws(Problem) {
        try Self.checkMediaType(request)
        try self.init(JSONParser.parse(body), at: [])
    }

    /// The members of a value that has to be an object.
    init(_ value: JSONInput, at path: [String]) throws(Problem) {
        guard case .object(let members) = value else {
            throw .invalid(pointer: JSONPointer.text(path), "must be an object, not \(value.kind)")
        }
        self.path = path
        names = members.map(\.name)
        self.members = Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.value) })
    }

    /// JSON, or what is built on it (RFC 6839); a request that does not say is believed to know.
    static func checkMediaType(_ request: Request) throws(Problem) {
        guard let mediaType = request.headers[.contentType] else { return }
        let essence = mediaType.prefix { $0 != ";" && $0 != " " }.lowercased()
        guard essence == "application/json" || essence.hasSuffix("+json") else {
            throw .unsupportedMediaType(expected: "application/json")
        }
    }

    /// Where a member is.
    func pointer(_ name: String) -> String { JSONPointer.text(path + [name]) }

    /// Whether the member was given, be it null.
    func contains(_ name: String) -> Bool { members[name] != nil }

    /// Takes a member; nil where it is absent.
    mutating func take(_ name: String) -> JSONInput? { members.removeValue(forKey: name) }

    /// Takes a member; nil where it is absent or null.
    mutating func optional(_ name: String) -> JSONInput? {
        guard let value = take(name), value != .null else { return nil }
        return value
    }

    /// Takes a member that must be there.
    mutating func required(_ name: String) throws(Problem) -> JSONInput {
        guard let value = take(name) else { throw .invalid(pointer: pointer(name), "must be there") }
        return value
    }

    /// Refuses what nobody has taken.
    func end() throws(Problem) {
        guard let name = names.first(where: { members[$0] != nil }) else { return }
        throw .invalid([
            Problem.Fault(place: .pointer(pointer(name)), code: "unknown-member", detail: "is not known here")
        ])
    }
}

// MARK: Values of a kind

extension BodyMembers {
    /// Text of so many bytes of UTF-8, without control characters.
    mutating func string(_ name: String, bytes: ClosedRange<Int>) throws(Problem) -> String {
        try text(required(name), name, bytes)
    }

    /// The same, or nil where it is absent or null.
    mutating func optionalString(_ name: String, bytes: ClosedRange<Int>) throws(Problem) -> String? {
        guard let value = optional(name) else { return nil }
        return try text(value, name, bytes)
    }

    /// A whole number, whatever its size.
    mutating func integer(_ name: String) throws(Problem) -> Int64 { try whole(required(name), name) }

    /// The same, or nil where it is absent or null.
    mutating func optionalInteger(_ name: String) throws(Problem) -> Int64? {
        guard let value = optional(name) else { return nil }
        return try whole(value, name)
    }

    /// True or false; false where it is absent or null.
    mutating func flag(_ name: String) throws(Problem) -> Bool { try optionalFlag(name) ?? false }

    /// True or false; nil where it is absent or null.
    mutating func optionalFlag(_ name: String) throws(Problem) -> Bool? {
        guard let value = optional(name) else { return nil }
        guard case .bool(let flag) = value else {
            throw .invalid(pointer: pointer(name), "must be true or false, not \(value.kind)")
        }
        return flag
    }

    /// The elements of an array.
    mutating func array(_ name: String) throws(Problem) -> [JSONInput] { try elements(required(name), name) }

    /// The same, or nil where it is absent or null.
    mutating func optionalArray(_ name: String) throws(Problem) -> [JSONInput]? {
        guard let value = optional(name) else { return nil }
        return try elements(value, name)
    }

    private func elements(_ value: JSONInput, _ name: String) throws(Problem) -> [JSONInput] {
        guard case .array(let elements) = value else {
            throw .invalid(pointer: pointer(name), "must be an array, not \(value.kind)")
        }
        return elements
    }

    /// The members of an object within this one.
    mutating func object(_ name: String) throws(Problem) -> BodyMembers {
        try BodyMembers(required(name), at: path + [name])
    }

    /// The members of an array's element.
    func element(_ value: JSONInput, of name: String, at position: Int) throws(Problem) -> BodyMembers {
        try BodyMembers(value, at: path + [name, String(position)])
    }

    private func text(_ value: JSONInput, _ name: String, _ bytes: ClosedRange<Int>) throws(Problem) -> String {
        guard case .string(let text) = value else {
            throw .invalid(pointer: pointer(name), "must be a string, not \(value.kind)")
        }
        guard bytes.contains(text.utf8.count) else {
            throw .invalid(pointer: pointer(name), "must be \(bytes.lowerBound) to \(bytes.upperBound) bytes")
        }
        let hasControls = text.unicodeScalars.contains { $0.properties.generalCategory == .control && $0 != "\n" }
        guard !hasControls else {
            throw .invalid(pointer: pointer(name), "must not contain control characters")
        }
        return text
    }

    private func whole(_ value: JSONInput, _ name: String) throws(Problem) -> Int64 {
        switch value {
        case .integer(let number): return number
        case .otherNumber: throw .invalid(pointer: pointer(name), "must be a whole number of at most 64 bits")
        default: throw .invalid(pointer: pointer(name), "must be a whole number, not \(value.kind)")
        }
    }
}
