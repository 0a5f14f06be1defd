/// Makes frames, one behind the other in one piece of memory, to be taken as a whole and sent.
///
/// Messages that are appended one after the other share a frame until it has about `targetBytes`, so that a turn's
/// messages cost one header and one checksum.
public struct FrameEncoder: Sendable {
    /// The version that frames are written in: of hello, goodbye and error the first one, always.
    public let version: UInt8
    private let targetBytes: Int
    private var bytes: [UInt8] = []
    /// Where the frame begins that still takes messages.
    private var openFrame: Int?

    /// - Parameters:
    ///   - version: what the handshake has agreed on.
    ///   - targetBytes: how many bytes of messages to put into one frame; at most 2 MiB.
    public init(version: UInt8 = 1, targetBytes: Int = WireLimits.usualFrameBytes) {
        precondition(Hello.knownVersions.contains(version), "frames are written in a known version")
        precondition((1...Self.mostTargetBytes).contains(targetBytes), "a frame needs room for one more message")
        self.version = version
        self.targetBytes = targetBytes
    }

    private static let mostTargetBytes = 2 << 20

    /// How many bytes are waiting to be taken.
    public var waitingBytes: Int { bytes.count }

    /// All frames that were made since the last time, leaving none.
    public mutating func takeBytes() -> [UInt8] {
        closeMessages()
        defer { bytes = [] }
        return bytes
    }

    /// Appends the first frame of a connection.
    public mutating func append(_ hello: Hello) { appendFrame(.hello) { hello.encode(into: &$0) } }

    /// Appends the last frame of a connection that is closed in order.
    public mutating func appendGoodbye() { appendFrame(.goodbye) { _ in } }

    /// Appends the last frame of a connection that is closed for a reason.
    public mutating func append(_ error: ConnectionError) { appendFrame(.error) { error.encode(into: &$0) } }

    /// Appends a message, to the frame before if that is one of messages and has room; a bundle of more than
    /// ``WireLimits/bundleItems`` as several messages.
    ///
    /// - Throws: the first field that exceeds ``WireLimits``. Nothing is appended then.
    public mutating func append(_ message: StoreMessage) throws(FieldError) {
        guard case .heartbeats(let bundle) = message else { return try appendPart(message) }
        for part in bundle.parts(of: WireLimits.bundleItems) { try appendPart(.heartbeats(part)) }
    }

    private mutating func appendPart(_ message: StoreMessage) throws(FieldError) {
        let before = bytes.count
        let start = openFrame ?? beginFrame()
        do throws(FieldError) {
            try message.encode(into: &bytes)
        } catch {
            bytes.removeLast(bytes.count - before)
            throw error
        }
        openFrame = start
        if bytes.count - start >= targetBytes { closeMessages() }
    }

    /// Appends a request.
    ///
    /// - Throws: `payload` if it exceeds ``WireLimits/frameBytes``, less ten bytes.
    public mutating func appendRequest(id: UInt64, payload: ArraySlice<UInt8>) throws(FieldError) {
        try appendPayload(.request, id, payload)
    }

    /// Appends the reply to a request.
    ///
    /// - Throws: `payload` if it exceeds ``WireLimits/frameBytes``, less ten bytes.
    public mutating func appendReply(id: UInt64, payload: ArraySlice<UInt8>) throws(FieldError) {
        try appendPayload(.reply, id, payload)
    }

    private mutating func appendPayload(
        _ kind: Frame.Kind,
        _ id: UInt64,
        _ payload: ArraySlice<UInt8>
    ) throws(FieldError) {
        let limit = WireLimits.frameBytes - 10
        guard payload.count <= limit else { throw FieldError("payload", "must be at most \(limit) bytes") }
        appendFrame(kind) { bytes in
            bytes.appendNumber(id)
            bytes.append(contentsOf: payload)
        }
    }

    private mutating func appendFrame(_ kind: Frame.Kind, _ encodeBody: (inout [UInt8]) -> Void) {
        closeMessages()
        let start = beginFrame()
        encodeBody(&bytes)
        let version = kind.isOfAllVersions ? 1 : version
        FrameHeader.write(version: version, kind: kind, at: start, of: &bytes)
    }

    /// Leaves room for a header, and tells where it begins.
    private mutating func beginFrame() -> Int {
        for _ in 0..<FrameHeader.bytes { bytes.append(0) }
        return bytes.count - FrameHeader.bytes
    }

    private mutating func closeMessages() {
        guard let start = openFrame else { return }
        openFrame = nil
        FrameHeader.write(version: version, kind: .messages, at: start, of: &bytes)
    }
}
