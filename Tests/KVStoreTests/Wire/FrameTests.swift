import KVStoreSamples
import Raft
import Testing

@testable import KVStore

@Suite("Frames between nodes")
struct FrameTests {
    static let hello = Hello(
        cluster: ClusterID(0x0102_0304_0506_0708_090A_0B0C_0D0E_0F10),
        node: NodeID(300),
        incarnation: 0x1112_1314_1516_1718,
        traffic: .requests
    )

    /// A frame of each kind, with the messages of the one that has some.
    private func sample(seed: UInt64) throws -> (bytes: [UInt8], frames: [Frame]) {
        var messages = RandomMessages(using: SplitMix(seed: seed))
        let sent = [messages.next(), messages.next(), messages.next()]
        var encoder = FrameEncoder()
        encoder.append(Self.hello)
        for message in sent { try encoder.append(message) }
        try encoder.appendRequest(id: 300, payload: [1, 2, 3])
        try encoder.appendReply(id: .max, payload: [])
        encoder.append(ConnectionError(code: .overloaded, text: "träge"))
        encoder.appendGoodbye()
        let frames: [Frame] = [
            .hello(Self.hello), .messages(MessageBatch(try encode(sent)[...])), .request(id: 300, payload: [1, 2, 3]),
            .reply(id: .max, payload: []), .error(ConnectionError(code: .overloaded, text: "träge")), .goodbye,
        ]
        return (encoder.takeBytes(), frames)
    }

    @Test("The format has not changed")
    func golden() throws {
        var encoder = FrameEncoder()
        encoder.append(Self.hello)
        let body: [UInt8] =
            [1, 1, 0x10, 0x0F, 0x0E, 0x0D, 0x0C, 0x0B, 0x0A, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0xAC, 2]
            + [0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11, 3]
        let header: [UInt8] = [29, 0, 0, 0, 1, 1, 0, 0]
        #expect(encoder.takeBytes() == header + checksum(header) + checksum(header + body) + body)
        try encoder.appendRequest(id: 300, payload: [7, 8])
        try encoder.appendReply(id: 3, payload: [9])
        try encoder.append(GoldenMessage.all[9].message)
        encoder.append(ConnectionError(code: .malformed, text: "no"))
        encoder.appendGoodbye()
        let golden: [(kind: UInt8, body: [UInt8])] = [
            (4, [0xAC, 2, 7, 8]), (5, [3, 9]), (2, GoldenMessage.all[9].bytes), (6, [2, 2, 0x6E, 0x6F]), (3, []),
        ]
        #expect(encoder.takeBytes() == golden.flatMap { frame($0.kind, $0.body) })
    }

    @Test("Frames come out as they went in, however the bytes are cut", arguments: 0..<50)
    func pieces(seed: UInt64) throws {
        let sample = try sample(seed: seed)
        var random = SplitMix(seed: seed)
        var decoder = FrameDecoder.open
        var frames: [Frame] = []
        var start = 0
        let most = [1, 7, 40, 4_096].randomElement(using: &random) ?? 1
        while start < sample.bytes.count {
            let end = min(sample.bytes.count, start + Int.random(in: 0...most, using: &random))
            try decoder.decode(sample.bytes[start..<end], into: &frames)
            start = end
        }
        #expect(frames == sample.frames)
        #expect(decoder.skipped == 0)
    }

    @Test("No flipped bit gets through, and none is waited for")
    func flippedBits() throws {
        let sample = try sample(seed: 3)
        for place in sample.bytes.indices {
            for bit: UInt8 in 0..<8 {
                var bytes = sample.bytes
                bytes[place] ^= 1 << bit
                var decoder = FrameDecoder.open
                var frames: [Frame] = []
                #expect(throws: FrameError.self, "byte \(place), bit \(bit)") {
                    try decoder.decode(bytes[...], into: &frames)
                }
                #expect(frames == Array(sample.frames.prefix(frames.count)))
            }
        }
    }

    @Test("What is cut off is waited for")
    func truncation() throws {
        let sample = try sample(seed: 4)
        for count in sample.bytes.indices {
            var decoder = FrameDecoder.open
            var frames: [Frame] = []
            try decoder.decode(sample.bytes[..<count], into: &frames)
            #expect(frames == Array(sample.frames.prefix(frames.count)) && frames.count < sample.frames.count)
            try decoder.decode(sample.bytes[count...], into: &frames)
            #expect(frames == sample.frames)
        }
    }

    @Test("A length above the limit is refused by the header alone, and small ones are enough for strangers")
    func oversize() throws {
        func refused(_ bodyBytes: Int, by decoder: FrameDecoder) -> FrameError? {
            var decoder = decoder
            var frames: [Frame] = []
            return #expect(throws: FrameError.self) {
                try decoder.decode(header(2, bodyBytes: bodyBytes)[...], into: &frames)
            }
        }
        let most = WireLimits.frameBytes
        #expect(refused(most + 1, by: .open) == .oversize(bytes: most + 1, limit: most))
        #expect(refused(Int(UInt32.max), by: .open) == .oversize(bytes: Int(UInt32.max), limit: most))
        #expect(refused(4_097, by: FrameDecoder()) == .oversize(bytes: 4_097, limit: 4_096))
        var decoder = FrameDecoder.open
        var frames: [Frame] = []
        try decoder.decode(header(2, bodyBytes: most)[...], into: &frames)
        #expect(decoder.failure == nil)
    }

    @Test("After an error nothing is taken")
    func failure() throws {
        let sample = try sample(seed: 5)
        var decoder = FrameDecoder.open
        var frames: [Frame] = []
        let garbage = [UInt8](repeating: 0xA5, count: 16)
        #expect(throws: FrameError.corruptHeader) { try decoder.decode(garbage[...], into: &frames) }
        #expect(throws: FrameError.corruptHeader) { try decoder.decode(sample.bytes[...], into: &frames) }
        #expect(throws: FrameError.corruptHeader) { try decoder.decode([], into: &frames) }
        #expect(decoder.failure == .corruptHeader && frames.isEmpty)
    }

    @Test("Kinds and flags of later versions")
    func evolution() throws {
        var decoder = FrameDecoder.open
        var frames: [Frame] = []
        let later = frame(7, [1, 2, 3]) + frame(255, [], version: 9) + frame(3, [1, 2, 8, 8], optionalFlags: 0xFF)
        try decoder.decode(later[...], into: &frames)
        #expect(frames == [.goodbye])
        #expect(decoder.skipped == 2)
        func refused(_ bytes: [UInt8], by decoder: FrameDecoder = .open) -> FrameError? {
            var decoder = decoder
            return #expect(throws: FrameError.self) { try decoder.decode(bytes[...], into: &frames) }
        }
        #expect(refused(frame(3, [], requiredFlags: 4)) == .requiredFlags(4))
        #expect(refused(frame(2, [], version: 2)) == .version(2))
        #expect(refused(frame(3, [], version: 2)) == .version(2))
        #expect(refused(frame(2, []), by: FrameDecoder()) == .version(1), "before a version is agreed on")
        #expect(refused(frame(3, [0])) == .malformed(FieldError("later field", "must ascend from 1")))
        #expect(refused(frame(4, [0x80])) == .malformed(FieldError("request id", "must be complete")))
        #expect(refused(frame(1, [2, 1])) == .malformed(FieldError("highest version", "must not be below the lowest")))
        #expect(refused(frame(6, [1, 2, 0])) == .malformed(FieldError("error text", "must be complete")))
    }

    @Test("Frames behind a hello wait until its version is accepted")
    func greeting() throws {
        var decoder = FrameDecoder()
        let sample = try sample(seed: 6)
        let (first, second) = try sample.bytes.withUnsafeBytes { raw in
            var rest = raw[...]
            let first = try decoder.next(&rest)
            decoder.accept(version: 1)
            return (first, try decoder.next(&rest))
        }
        #expect(first == sample.frames[0])
        #expect(second == sample.frames[1])
    }

    @Test("Messages share frames up to the size that is aimed at, and keep their order")
    func batching() throws {
        var random = RandomMessages(using: SplitMix(seed: 8))
        let sent = (0..<400).map { _ in random.next() }
        var encoder = FrameEncoder(version: 1, targetBytes: 1_000)
        for message in sent { try encoder.append(message) }
        let bytes = encoder.takeBytes()
        let frames = try frames(in: bytes)
        #expect(encoder.waitingBytes == 0 && encoder.takeBytes().isEmpty)
        for case .messages(let batch) in frames.dropLast() {
            #expect((1_000 - FrameHeader.bytes..<4_000).contains(batch.remainingBytes))
        }
        #expect(try receivedMessages(in: bytes) == sent)
    }

    @Test("What is too long is refused, and takes nothing else with it")
    func refusal() throws {
        var random = RandomMessages(using: SplitMix(seed: 9))
        let sent = [random.next(), random.next()]
        let chunk = [UInt8](repeating: 0, count: SnapshotMessage.chunkBytes + 1)
        let long = StoreMessage.snapshot(
            SnapshotMessage(
                partition: PartitionID(1),
                from: NodeID(1),
                to: NodeID(2),
                position: .origin,
                content: .chunk(chunk)
            )
        )
        var encoder = FrameEncoder()
        #expect(field { try encoder.append(long) } == "chunk")
        try encoder.append(sent[0])
        #expect(field { try encoder.append(long) } == "chunk")
        try encoder.append(sent[1])
        let most = [UInt8](repeating: 0, count: WireLimits.frameBytes - 10)
        #expect(field { try encoder.appendRequest(id: .max, payload: most + [0]) } == "payload")
        #expect(field { try encoder.appendReply(id: .max, payload: most + [0]) } == "payload")
        let bytes = encoder.takeBytes()
        #expect(try receivedMessages(in: bytes) == sent)
        #expect(try frames(in: bytes).count == 1)
        encoder.append(ConnectionError(code: .malformed, text: String(repeating: "ä", count: 2_000) + "!"))
        try encoder.appendRequest(id: .max, payload: most[...])
        let text = String(repeating: "ä", count: 512)
        #expect(try frames(in: encoder.takeBytes()).first == .error(ConnectionError(code: .malformed, text: text)))
    }
}

extension FrameDecoder {
    /// Behind the handshake.
    static var open: FrameDecoder {
        var decoder = FrameDecoder()
        decoder.accept(version: 1)
        return decoder
    }

    mutating func decode(_ bytes: ArraySlice<UInt8>, into frames: inout [Frame]) throws {
        try bytes.withUnsafeBytes { raw in
            var rest = raw[...]
            while let frame = try next(&rest) { frames.append(frame) }
        }
    }
}

/// The frames of a connection behind its handshake.
func frames(in bytes: [UInt8]) throws -> [Frame] {
    var decoder = FrameDecoder.open
    var frames: [Frame] = []
    try decoder.decode(bytes[...], into: &frames)
    return frames
}

/// All messages of a connection.
func receivedMessages(in bytes: [UInt8]) throws -> [StoreMessage] {
    try frames(in: bytes).flatMap { frame -> [StoreMessage] in
        guard case .messages(var batch) = frame else { return [] }
        var messages: [StoreMessage] = []
        while let message = try batch.next() { messages.append(message) }
        return messages
    }
}

private func checksum(_ bytes: [UInt8]) -> [UInt8] {
    var checksum: [UInt8] = []
    checksum.appendFixed(bytes.withUnsafeBytes { Checksum.of($0) })
    return checksum
}

private func header(_ kind: UInt8, bodyBytes: Int) -> [UInt8] {
    var header: [UInt8] = []
    header.appendFixed(UInt32(bodyBytes))
    header += [1, kind, 0, 0]
    return header + checksum(header) + [0, 0, 0, 0]
}

private func frame(
    _ kind: UInt8,
    _ body: [UInt8],
    version: UInt8 = 1,
    requiredFlags: UInt8 = 0,
    optionalFlags: UInt8 = 0
) -> [UInt8] {
    let header = [UInt8(body.count), 0, 0, 0, version, kind, requiredFlags, optionalFlags]
    return header + checksum(header) + checksum(header + body) + body
}
