internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Answers that are large enough to matter count against a budget until the client has taken them.
extension MemoryBudget {
    /// Room for an answer; nil where it is so small that it does not count.
    ///
    /// - Throws: 503 where there is not enough. Whoever changes something asks before he does.
    func reserve(answerBytes: Int) throws(Problem) -> Reservation? {
        guard answerBytes > ResponseBody.partBytes else { return nil }
        guard let reservation = reserve(answerBytes) else {
            throw .overloaded("Too many large answers are being sent.")
        }
        return reservation
    }
}

extension ResponseBody {
    /// The most that is written before the client has taken most of what was written before.
    static let partBytes = 32 << 10

    /// A body that counts against a budget, for answers to those who change nothing.
    static func counted(_ buffer: ByteBuffer, against budget: MemoryBudget) throws(Problem) -> ResponseBody {
        counted(buffer, by: try budget.reserve(answerBytes: buffer.readableBytes))
    }

    /// A body for which there is room.
    ///
    /// It is written in parts, each when the client has taken most of the one before.
    static func counted(_ buffer: ByteBuffer, by reservation: MemoryBudget.Reservation?) -> ResponseBody {
        guard buffer.readableBytes > partBytes else { return ResponseBody(byteBuffer: buffer) }
        return ResponseBody(contentLength: buffer.readableBytes) { writer in
            var rest = buffer
            while let part = rest.readSlice(length: min(partBytes, rest.readableBytes)), part.readableBytes > 0 {
                try await writer.write(part)
            }
            try await writer.finish(nil)
            withExtendedLifetime(reservation) {}
        }
    }
}

extension Response {
    /// An answer in JSON to a reader, which counts against a budget if it is large.
    ///
    /// Not for those who change something: where there is no room, it is refused.
    static func json(
        _ text: ByteBuffer,
        headers: HTTPFields = [:],
        in budget: MemoryBudget
    ) throws(Problem) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(status: .ok, headers: headers, body: try .counted(text, against: budget))
    }
}
