internal import FuzzSupport
internal import KVStoreSamples
internal import Raft

@testable internal import KVStore

/// Messages between stores, as they stand in a frame. What is read keeps to its limits, is written and read again.
@main
struct FuzzMessages: FuzzTarget {
    static func seeds() throws -> [[UInt8]] {
        var messages = RandomMessages(using: SeedGenerator(1))
        let kinds = RandomMessages<SeedGenerator>.kinds
        return try (0..<4 * kinds).map { number in
            var bytes: [UInt8] = []
            for _ in 0...number % 3 { try messages.next(kind: 1 + number % kinds).encode(into: &bytes) }
            return bytes
        }
    }

    static func run(_ bytes: [UInt8]) throws {
        var batch = MessageBatch(bytes[...])
        while let message = try? batch.next() {
            try checkLimits(of: message)
            var again: [UInt8] = []
            try message.encode(into: &again)
            var copy = MessageBatch(again[...])
            try require(try copy.next() == message, "\(message) is read back as another")
            try require(copy.remainingBytes == 0 && copy.skipped == 0, "\(message) has something behind it")
        }
        try require(batch.remainingBytes == 0, "a batch ended before its end")
    }

    private static func checkLimits(of message: StoreMessage) throws(Finding) {
        if case .forwarded(let forwarded) = message { return try checkLimits(of: forwarded) }
        guard case .raft(let envelope) = message else { return }
        try require(envelope.term <= .max, "\(message) is of no term")
        guard case .append(let request) = envelope.message else { return }
        try require(request.entries.count <= WireLimits.entries, "an append of \(request.entries.count) entries")
        var before = request.previous
        for entry in request.entries {
            try require(entry.index == before.index.next && entry.index <= .max, "\(entry) behind \(before)")
            try require(entry.term >= before.term && entry.term <= .max, "\(entry) behind \(before)")
            before = entry.position
        }
    }

    private static func checkLimits(of message: ForwardedMessage) throws(Finding) {
        if let trace = message.trace {
            try require(1...WireLimits.traceBytes ~= trace.utf8.count, "a trace of \(trace.utf8.count) bytes")
        }
        switch message.content {
        case .request(_, let bytes): try require(bytes.count <= WireLimits.requestBytes, "too long a request")
        case .response(let bytes): try require(bytes.count <= WireLimits.responseBytes, "too long a response")
        case .command, .answer, .refused: return
        }
    }
}
