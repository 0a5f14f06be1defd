import FoundationEssentials

/// JSON that somebody else's parser has read.
enum ReadJSON: Decodable, Equatable {
    case null
    case bool(Bool)
    case int(Int)
    case string(String)
    case array([ReadJSON])
    case object([String: ReadJSON])

    init(_ bytes: [UInt8]) { self = (try? JSONDecoder().decode(ReadJSON.self, from: Data(bytes))) ?? .null }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .int(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([ReadJSON].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: ReadJSON].self))
        }
    }

    var object: [String: ReadJSON]? { if case .object(let members) = self { members } else { nil } }
    var array: [ReadJSON]? { if case .array(let elements) = self { elements } else { nil } }
    var string: String? { if case .string(let text) = self { text } else { nil } }
    var int: Int? { if case .int(let number) = self { number } else { nil } }
    subscript(_ name: String) -> ReadJSON { object?[name] ?? .null }
}
