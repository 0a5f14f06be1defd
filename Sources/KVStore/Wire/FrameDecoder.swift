/// Finds the frames in a connection's bytes, which arrive in pieces of any size.
///
/// Each byte of a body is copied once, into memory of its own that the frame keeps. A length is looked at before
/// anything is kept for it, and memory grows with what has arrived, not with what was announced. After an error nothing
/// is taken any more: behind it no beginning of a frame can be told.
public struct FrameDecoder: Sendable {
    /// The longest body that is accepted, in bytes: small at first, since nobody knows who is on the other side.
    public private(set) var limitBytes = WireLimits.greetingBytes
    /// How many frames were passed over so far, being of kinds that this version does not know.
    public private(set) var skipped = 0
    /// What has ended it.
    public private(set) var failure: FrameError?
    /// The version that was agreed on; until then there are none but frames that all versions have.
    private var version: UInt8?
    private var headerBytes: [UInt8] = []
    private var header: FrameHeader?
    private var body: [UInt8] = []
    private static let reservedBytes = 64 << 10

    /// A decoder at the beginning of a connection. It takes only frames that all versions have, and short ones.
    public init() {}

    /// Accepts the frames of a version too, as long as they may be at all: called once the handshake has agreed on it.
    public mutating func accept(version: UInt8) {
        self.version = version
        limitBytes = WireLimits.frameBytes
    }

    /// Takes bytes from the beginning of `chunk` until a frame is complete.
    ///
    ///     while let frame = try decoder.next(&chunk) { … }      until the chunk is used up
    ///
    /// It stops at each frame, since the frames behind a hello may be read only once ``accept(version:)`` was called.
    ///
    /// - Returns: nil once the chunk is used up.
    public mutating func next(_ chunk: inout Slice<UnsafeRawBufferPointer>) throws(FrameError) -> Frame? {
        if let failure { throw failure }
        do throws(FrameError) {
            while !chunk.isEmpty {
                if let frame = try take(&chunk) { return frame }
            }
            return nil
        } catch {
            failure = error
            (header, headerBytes, body) = (nil, [], [])
            throw error
        }
    }

    /// Takes from the bytes what the header or the body still lacks; returns a frame that is complete by it.
    private mutating func take(_ rest: inout Slice<UnsafeRawBufferPointer>) throws(FrameError) -> Frame? {
        guard let header else {
            let part = rest.prefix(FrameHeader.bytes - headerBytes.count)
            headerBytes.append(contentsOf: part)
            rest = rest.dropFirst(part.count)
            guard headerBytes.count == FrameHeader.bytes else { return nil }
            let found = try FrameHeader(headerBytes, limitBytes: limitBytes)
            headerBytes.removeAll(keepingCapacity: true)
            if found.bodyBytes == 0 { return try frame(found) }
            header = found
            body.reserveCapacity(min(found.bodyBytes, max(rest.count, Self.reservedBytes)))
            return nil
        }
        let part = rest.prefix(header.bodyBytes - body.count)
        body.append(contentsOf: UnsafeRawBufferPointer(rebasing: part))
        rest = rest.dropFirst(part.count)
        guard body.count == header.bodyBytes else { return nil }
        return try frame(header)
    }

    /// The frame whose header and body are here; nil for one to pass over.
    private mutating func frame(_ header: FrameHeader) throws(FrameError) -> Frame? {
        let body = self.body
        self.body = []
        self.header = nil
        guard header.holds(body) else { throw .corruptBody }
        guard let kind = Frame.Kind(rawValue: header.kind) else {
            skipped += 1
            return nil
        }
        guard header.version == (kind.isOfAllVersions ? 1 : version) else { throw .version(header.version) }
        do throws(FieldError) {
            return try Frame(kind, body: body)
        } catch {
            throw .malformed(error)
        }
    }
}
