import KVStoreSamples
import Raft
import Testing

@testable import KVStore

@Suite("Messages between stores: their bytes")
struct StoreMessageTests {
    @Test("What is written is read back", arguments: 0..<20)
    func roundTrip(seed: UInt64) throws {
        var messages = RandomMessages(using: SplitMix(seed: seed))
        for round in 0..<50 {
            let sent = (1...RandomMessages<SplitMix>.kinds).map { messages.next(kind: $0) }
            #expect(try decode(encode(sent)).messages == sent, "seed \(seed), round \(round)")
        }
    }

    @Test("The format has not changed", arguments: GoldenMessage.all)
    func golden(_ sample: GoldenMessage) throws {
        #expect(try encode([sample.message]) == sample.bytes)
        #expect(try decode(sample.bytes).messages == [sample.message])
    }

    @Test("There is a sample of every kind of which the format is written down, and a number for each")
    func kinds() throws {
        var messages = RandomMessages(using: SplitMix(seed: 1))
        #expect(MessageKind.allCases.map(\.rawValue) == Array(1...UInt8(RandomMessages<SplitMix>.kinds)))
        for kind in MessageKind.allCases {
            let bytes = try encode([messages.next(kind: Int(kind.rawValue))])
            var reader = FieldReader(bytes)
            _ = try reader.number("length")
            #expect(try reader.byte("kind") == kind.rawValue)
        }
        #expect(Set(GoldenMessage.all.map { $0.bytes[1] }).count == RandomMessages<SplitMix>.kinds)
    }

    @Test("A heartbeat among many takes a few bytes")
    func size() throws {
        let items = (0..<1_000).map { place in
            let heartbeat = Heartbeat(commit: LogIndex(UInt64(1_000_000 + place)), readRound: ReadRound(17))
            return HeartbeatBundle.Item(partition: PartitionID(UInt64(3 * place)), term: Term(9), payload: heartbeat)
        }
        let bundle = HeartbeatBundle(from: NodeID(1), to: NodeID(2), heartbeats: items, replies: [])
        #expect(try encode([.heartbeats(bundle)]).count < 6_100)
    }

    @Test("Whatever is cut off is missed")
    func truncation() throws {
        var messages = RandomMessages(using: SplitMix(seed: 2))
        for kind in 1...RandomMessages<SplitMix>.kinds {
            let bytes = try encode([messages.next(kind: kind).untraced])
            for count in 1..<bytes.count {
                #expect(throws: FieldError.self, "kind \(kind), \(count) bytes") { try decode(Array(bytes[..<count])) }
            }
            let fields = fields(of: bytes)
            for count in fields.indices {
                #expect(throws: FieldError.self, "kind \(kind), \(count) bytes") {
                    try StoreMessage(fields: fields[..<count])
                }
            }
        }
    }

    @Test("No bytes end the process, and what is read can be written", arguments: 1...RandomMessages<SplitMix>.kinds)
    func mutations(kind: Int) throws {
        var messages = RandomMessages(using: SplitMix(seed: UInt64(kind)))
        let bytes = try encode([messages.next(kind: kind)])
        var accepted = 0
        forEachMutation(of: bytes, seed: 4) { bytes in
            var batch = MessageBatch(bytes[...])
            while let message = try? batch.next() {
                accepted += 1
                #expect((try? encode([message])).flatMap { try? decode($0).messages } == [message])
            }
            #expect(batch.remainingBytes == 0)
        }
        #expect(accepted > 0)
    }

    @Test("Later fields of a known kind are passed over, other trailing bytes are not", arguments: 1...26)
    func laterFields(kind: Int) throws {
        var messages = RandomMessages(using: SplitMix(seed: 5))
        let sent = messages.next(kind: kind)
        let fields = fields(of: try encode([sent]))
        #expect(try StoreMessage(fields: fields + [2, 2, 0xFF, 0xFF, 5, 0]) == sent)
        for tail: [UInt8] in [[0], [2], [2, 1], [2, 2, 9], [3, 0, 2, 0]] {
            #expect(field { try StoreMessage(fields: fields + tail) } == "later field", "\(tail)")
        }
    }

    @Test("The first later field is a trace where something is asked, and nowhere else", arguments: GoldenMessage.all)
    func traces(_ sample: GoldenMessage) throws {
        guard case .forwarded(let message) = sample.message else { return }
        let fields = fields(of: sample.bytes)
        switch message.content {
        case .command, .request:
            guard message.trace == nil else { return }
            let traced = try StoreMessage(fields: fields + [1, 2, 0x61, 0x62])
            guard case .forwarded(let read)? = traced else { return #expect(Bool(false), "it is another message") }
            #expect(read.trace == "ab")
            #expect(read.content == message.content)
            #expect(field { try StoreMessage(fields: fields + [1, 0]) } == "trace")
            #expect(field { try StoreMessage(fields: fields + [1, 1, 0xFF]) } == "trace")
            let longest = [UInt8](repeating: 0x61, count: 128)
            #expect(throws: Never.self) { try StoreMessage(fields: fields + [1, 0x80, 1] + longest) }
            #expect(field { try StoreMessage(fields: fields + [1, 0x81, 1] + longest + [0x61]) } == "trace")
        case .answer, .refused, .response:
            #expect(try StoreMessage(fields: fields + [1, 2, 0xFF, 0xFF]) == sample.message)
        }
    }

    @Test("A trace that cannot go along is left out")
    func tracesLeftOut() {
        func trace(_ content: ForwardedMessage.Content, _ trace: String) -> String? {
            let (from, to) = (NodeID(1), NodeID(2))
            return ForwardedMessage(from: from, to: to, incarnation: 1, number: 1, content: content, trace: trace).trace
        }
        #expect(trace(.request(PartitionID(1), []), "a") == "a")
        #expect(trace(.request(PartitionID(1), []), "") == nil)
        #expect(trace(.command(PartitionID(1), []), String(repeating: "a", count: 129)) == nil)
        #expect(trace(.response([]), "a") == nil)
    }

    @Test("Kinds of a later version are passed over and counted")
    func laterKinds() throws {
        var messages = RandomMessages(using: SplitMix(seed: 6))
        let sent = [messages.next(), messages.next()]
        let later: [[UInt8]] = [[1, 27], [3, 0, 9, 9], [5, 0xFF, 0xFF, 0x03, 1, 2]]
        var bytes = later[0] + (try encode([sent[0]])) + later[1]
        bytes += later[2] + (try encode([sent[1]])) + later[0]
        let read = try decode(bytes)
        #expect(read.messages == sent)
        #expect(read.skipped == 4)
    }

    @Test("A batch is at its end behind an error, and what came before is whole")
    func errors() throws {
        var messages = RandomMessages(using: SplitMix(seed: 7))
        let sent = messages.next()
        let wrong: [UInt8] = [2, MessageKind.heartbeats.rawValue, 1]
        var batch = MessageBatch((try encode([sent]) + wrong + encode([sent]))[...])
        #expect(try batch.next() == sent)
        let error = #expect(throws: FieldError.self) { try batch.next() }
        #expect(error == FieldError("to", "must be complete"))
        #expect(try batch.next() == nil)
        #expect(batch.remainingBytes == 0)
    }
}

extension StoreMessage {
    /// The message without what may be cut off.
    fileprivate var untraced: StoreMessage {
        guard case .forwarded(let message) = self else { return self }
        return .forwarded(
            ForwardedMessage(
                from: message.from,
                to: message.to,
                incarnation: message.incarnation,
                number: message.number,
                content: message.content
            )
        )
    }
}

/// Messages, one behind the other, as they stand in a frame.
func encode(_ messages: [StoreMessage]) throws -> [UInt8] {
    var bytes: [UInt8] = []
    for message in messages { try message.encode(into: &bytes) }
    return bytes
}

/// All messages of a frame, and how many were passed over.
func decode(_ bytes: [UInt8]) throws -> (messages: [StoreMessage], skipped: Int) {
    var batch = MessageBatch(bytes[...])
    var messages: [StoreMessage] = []
    while let message = try batch.next() { messages.append(message) }
    return (messages, batch.skipped)
}

/// A message's bytes behind its length.
func fields(of message: [UInt8]) -> ArraySlice<UInt8> {
    message.drop { $0 >= 0x80 }.dropFirst()
}
