internal import Hummingbird
internal import NIOCore

extension ResponseBody {
    /// A body that counts against a budget until the client has taken it, if it is large enough to matter.
    ///
    /// It is written in parts, each when the client has taken most of the one before.
    static func counted(_ buffer: ByteBuffer, against budget: MemoryBudget) throws(Problem) -> ResponseBody {
        guard buffer.readableBytes > partBytes else { return ResponseBody(byteBuffer: buffer) }
        guard let reservation = budget.reserve(buffer.readableBytes) else {
            throw .overloaded("Too many large answers are being sent.")
        }
        return ResponseBody(contentLength: buffer.readableBytes) { writer in
            var rest = buffer
            while let part = rest.readSlice(length: min(partBytes, rest.readableBytes)), part.readableBytes > 0 {
                try await writer.write(part)
            }
            try await writer.finish(nil)
            withExtendedLifetime(reservation) {}
        }
    }

    private static let partBytes = 32 << 10
}
