internal import FuzzSupport
internal import KVStoreSamples
internal import Raft

@testable internal import KVStore

/// A connection's bytes. The first byte says how:
///
///     odd          the frames' checksums are made right, or hardly any would get past them
///     its half     the size of the pieces in which the bytes arrive
@main
struct FuzzFrames: FuzzTarget {
    static func seeds() throws -> [[UInt8]] {
        var messages = RandomMessages(using: SeedGenerator(2))
        return try (0..<40).map { number in
            var encoder = FrameEncoder()
            encoder.append(hello(UInt64(number)))
            if number % 2 == 0 {
                try encoder.append(messages.next())
                try encoder.append(messages.next())
            }
            if number % 3 == 0 { try encoder.appendRequest(id: UInt64(number), payload: [1, 2, 3]) }
            if number % 5 == 0 { try encoder.appendReply(id: UInt64(number), payload: [4, 5]) }
            if number % 7 == 0 { encoder.append(ConnectionError(code: .overloaded, text: "full")) }
            encoder.appendGoodbye()
            return [UInt8(number * 6 & 0xFF)] + encoder.takeBytes()
        }
    }

    static func run(_ bytes: [UInt8]) throws {
        guard let mode = bytes.first else { return }
        var stream = Array(bytes.dropFirst())
        if mode & 1 == 1 { makeChecksumsRight(&stream) }
        let whole = received(stream, pieces: max(1, stream.count))
        let parts = received(stream, pieces: 1 + Int(mode >> 1))
        try require(whole == parts, "frames depend on the pieces in which they arrive")
        for frame in whole.frames { try look(at: frame) }
    }

    private static func look(at frame: Frame) throws {
        var handshake = Handshake(hello(1), expecting: NodeID(2))
        _ = try? handshake.receive(frame)
        var encoder = FrameEncoder()
        switch frame {
        case .hello(let hello): encoder.append(hello)
        case .goodbye: encoder.appendGoodbye()
        case .error(let error): encoder.append(error)
        case .request(let id, let payload): try encoder.appendRequest(id: id, payload: payload)
        case .reply(let id, let payload): try encoder.appendReply(id: id, payload: payload)
        case .messages(var batch):
            var count = 0
            while let message = try? batch.next() {
                try encoder.append(message)
                count += 1
            }
            let again = received(encoder.takeBytes(), pieces: .max, isGreeted: true)
            try require(again.frames.count == min(1, count), "\(count) messages are no frame")
            return
        }
        let again = received(encoder.takeBytes(), pieces: .max, isGreeted: true).frames
        if case .error = frame { return try require(again.count == 1, "an error is lost") }
        try require(again == [frame], "\(frame) is read back as \(again)")
    }

    private struct Received: Equatable {
        var frames: [Frame] = []
        var failure: FrameError?
        var skipped = 0
    }

    private static func received(_ stream: [UInt8], pieces: Int, isGreeted: Bool = false) -> Received {
        var received = Received()
        var decoder = FrameDecoder()
        if isGreeted { decoder.accept(version: 1) }
        stream.withUnsafeBytes { raw in
            var start = 0
            while start < raw.count {
                let end = start + min(pieces, raw.count - start)
                var rest = raw[start..<end]
                while let frame = try? decoder.next(&rest) {
                    received.frames.append(frame)
                    decoder.accept(version: 1)
                }
                start = end
            }
        }
        received.failure = decoder.failure
        received.skipped = decoder.skipped
        return received
    }

    private static func makeChecksumsRight(_ stream: inout [UInt8]) {
        var start = 0
        while stream.count - start >= FrameHeader.bytes {
            var reader = FieldReader(stream[start...])
            guard let bodyBytes = try? reader.fixed("length", as: UInt32.self) else { return }
            // Lengths are cut, too: a long one would be waited for.
            let end = start + FrameHeader.bytes + min(Int(bodyBytes), stream.count - start - FrameHeader.bytes)
            let header = Array(stream[start + 4..<start + FrameHeader.checkedBytes])
            var frame = Array(stream[start..<end])
            FrameHeader.write(version: header[0], kind: .hello, at: 0, of: &frame)
            var fixed = Array(frame[..<4]) + header
            let headerChecksum = fixed.withUnsafeBytes { Checksum.of($0) }
            let body = frame[FrameHeader.bytes...]
            fixed.appendFixed(headerChecksum)
            fixed.appendFixed(body.withUnsafeBytes { Checksum.of($0, after: headerChecksum) })
            stream.replaceSubrange(start..<end, with: fixed + body)
            start = end
        }
    }

    private static func hello(_ node: UInt64) -> Hello {
        Hello(cluster: ClusterID(7), node: NodeID(node), incarnation: node + 9, traffic: .consensus)
    }
}
