public import KVStore

/// Names one request of one caller, however often it is sent: what the caller put in `Idempotency-Key`, the route, and
/// what the body said.
public struct RequestKey: Hashable, Sendable {
    /// Who asks. Keys of different callers have nothing to do with each other.
    public let caller: UserID
    /// What is asked for: the method and the path.
    public let route: String
    /// What the caller has chosen.
    public let key: String
    /// A digest of the body's meaning.
    public let fingerprint: [UInt8]

    /// The longest key, in bytes; the shortest is one byte.
    public static let keyBytesLimit = 255

    /// Makes a key. The caller knows that `key` is within its limit.
    public init(caller: UserID, route: String, key: String, fingerprint: [UInt8]) {
        precondition((1...Self.keyBytesLimit).contains(key.utf8.count), "an idempotency key is within its limit")
        self.caller = caller
        self.route = route
        self.key = key
        self.fingerprint = fingerprint
    }

    /// Where the request's record lies: with its caller, and so with the caller's wallet.
    var place: DomainKey { Self.place(caller: caller, route: route, key: key) }

    static func place(caller: UserID, route: String, key: String) -> DomainKey {
        DomainKey(.requests, in: Bucket(of: caller)).appending(caller).appending(route).appending(key)
    }
}

extension Table {
    /// caller │ route │ key → request.
    static let requests = Table(0x28)
}

/// What a request came to, kept so that it can be told again.
public enum Conclusion: Hashable, Sendable {
    /// It was carried out, or begun: this was answered.
    case answered(RecordedAnswer)
    /// It was refused, for a reason of business: it had no effect.
    case refused(DomainError)
}

/// An answer, byte for byte as it was given.
public struct RecordedAnswer: Hashable, Sendable {
    /// The answer's number, by which it is told apart from others: that of HTTP.
    public let status: Int
    /// What it said.
    public let content: [UInt8]
    /// Where what it is about can be looked at.
    public let location: String?

    /// Makes an answer.
    public init(status: Int, content: [UInt8], location: String? = nil) {
        self.status = status
        self.content = content
        self.location = location
    }
}

/// What a request came to, and whether it was told before.
public struct Concluded: Hashable, Sendable {
    /// What it came to.
    public let conclusion: Conclusion
    /// True where this repeats an earlier answer.
    public let isReplay: Bool
    /// The commit that brought it about, the same in every answer.
    public let at: Timestamp

    init(_ conclusion: Conclusion, isReplay: Bool, at timestamp: Timestamp) {
        self.conclusion = conclusion
        self.isReplay = isReplay
        at = timestamp
    }
}
