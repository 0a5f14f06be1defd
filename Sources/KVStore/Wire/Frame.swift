/// What two nodes send each other on a connection, one after the other.
///
///     1  hello      the first on a connection, from either side
///     2  messages   as many messages between stores as fit
///     3  goodbye    the last: the sender closes in order, and has not died
///     4  request    id: number │ payload          payloads are what the one who asks and the one who answers make
///     5  reply      id: number │ payload          of them
///     6  error      code: number │ length │ text │ later fields     the last: why the sender closes
///
/// Hello, goodbye and error are the same in all versions, so that they are understood before one is agreed on.
public enum Frame: Hashable, Sendable {
    case hello(Hello)
    case messages(MessageBatch)
    case goodbye
    case request(id: UInt64, payload: ArraySlice<UInt8>)
    case reply(id: UInt64, payload: ArraySlice<UInt8>)
    case error(ConnectionError)

    enum Kind: UInt8 {
        case hello = 1
        case messages = 2
        case goodbye = 3
        case request = 4
        case reply = 5
        case error = 6

        var isOfAllVersions: Bool {
            switch self {
            case .hello, .goodbye, .error: true
            case .messages, .request, .reply: false
            }
        }
    }

    init(_ kind: Kind, body: [UInt8]) throws(FieldError) {
        var reader = FieldReader(body)
        switch kind {
        case .hello: self = .hello(try Hello(from: &reader))
        case .messages: self = .messages(MessageBatch(body[...]))
        case .goodbye:
            try reader.skipLaterFields()
            self = .goodbye
        case .request:
            let id = try reader.number("request id")
            self = .request(id: id, payload: try reader.take(reader.remaining, "payload"))
        case .reply:
            let id = try reader.number("request id")
            self = .reply(id: id, payload: try reader.take(reader.remaining, "payload"))
        case .error: self = .error(try ConnectionError(from: &reader))
        }
    }
}

/// Why the other side closes a connection, as it says.
public struct ConnectionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The reason, for programs.
    public let code: Code
    /// The reason, for people: at most ``WireLimits/reasonBytes``, the rest is cut off.
    public let text: String

    /// A reason that programs may look at. Later versions may have more of them.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// The number that is sent.
        public let rawValue: UInt64

        /// Wraps a number.
        public init(rawValue: UInt64) { self.rawValue = rawValue }

        /// The handshake failed; the text says at what.
        public static let handshake = Code(rawValue: 1)
        /// What was received is no frame, or no message: see ``FrameError``.
        public static let malformed = Code(rawValue: 2)
        /// Something is not expected at this place.
        public static let unexpected = Code(rawValue: 3)
        /// There is no room for more.
        public static let overloaded = Code(rawValue: 4)
    }

    /// Makes an error.
    public init(code: Code, text: String) {
        self.code = code
        self.text = text
    }

    /// Number and text.
    public var description: String { "\(code.rawValue): \(text)" }

    func encode(into bytes: inout [UInt8]) {
        bytes.appendNumber(code.rawValue)
        var end = text.startIndex
        var count = 0
        while end < text.endIndex, count + UTF8.width(text.unicodeScalars[end]) <= WireLimits.reasonBytes {
            count += UTF8.width(text.unicodeScalars[end])
            end = text.unicodeScalars.index(after: end)
        }
        bytes.appendString(Array(text.utf8[..<end])[...])
    }

    init(from reader: inout FieldReader) throws(FieldError) {
        code = Code(rawValue: try reader.number("error code"))
        text = String(decoding: try reader.string("error text", upTo: WireLimits.reasonBytes), as: UTF8.self)
        try reader.skipLaterFields()
    }
}
