internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Reads bodies that are JSON, and says what is wrong with those that are not what was expected.
enum JSONBody {
    static func decode<Value: Decodable>(
        _ type: Value.Type,
        _ request: Request,
        _ body: ByteBuffer
    ) throws(Problem) -> Value {
        if let mediaType = request.headers[.contentType] {
            let essence = mediaType.prefix { $0 != ";" && $0 != " " }.lowercased()
            guard essence == "application/json" || essence.hasSuffix("+json") else {
                throw .unsupportedMediaType(expected: "application/json")
            }
        }
        do {
            return try JSONDecoder().decode(type, from: Data(body.readableBytesView))
        } catch let DecodingError.keyNotFound(key, context) {
            throw .invalid(pointer: pointer(context.codingPath + [key]), "must be there")
        } catch let DecodingError.typeMismatch(expected, context) where !context.codingPath.isEmpty {
            throw .invalid(pointer: pointer(context.codingPath), "must be \(name(expected))")
        } catch let DecodingError.valueNotFound(expected, context) where !context.codingPath.isEmpty {
            throw .invalid(pointer: pointer(context.codingPath), "must be \(name(expected)), not null")
        } catch DecodingError.typeMismatch {
            throw .malformedJSON("It must be an object.")
        } catch {
            throw .malformedJSON("It is not well-formed JSON in UTF-8.")
        }
    }

    /// A JSON pointer (RFC 6901).
    private static func pointer(_ path: [any CodingKey]) -> String {
        path.map { key in
            let name = key.intValue.map(String.init) ?? key.stringValue
            return "/"
                + name.split(separator: "~", omittingEmptySubsequences: false).joined(separator: "~0")
                .split(separator: "/", omittingEmptySubsequences: false).joined(separator: "~1")
        }.joined()
    }

    private static func name(_ type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is any BinaryInteger.Type: "a whole number"
        case is [String: Any].Type: "an object"
        default: "of another type"
        }
    }
}
