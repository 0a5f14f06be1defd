import NIOCore
import NIOPosix

/// A connection that says exactly what it is told to, well-formed or not.
struct RawConnection: Sendable {
    private let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// Connects, runs a script, and closes.
    static func with<Value: Sendable>(
        port: Int,
        _ script: @Sendable (inout Conversation) async throws -> Value
    ) async throws -> Value {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var conversation = Conversation(inbound: inbound.makeAsyncIterator(), outbound: outbound)
            return try await script(&conversation)
        }
    }

    struct Conversation {
        var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        private(set) var heard = ""

        init(
            inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
            outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        ) {
            self.inbound = inbound
            self.outbound = outbound
        }

        mutating func say(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

        /// Everything that was heard, once it ends with a text or the server has closed.
        mutating func hear(until end: String? = nil) async throws -> String {
            do {
                while end.map({ !heard.hasSuffix($0) }) ?? true {
                    guard let part = try await inbound.next(isolation: #isolation) else { break }
                    heard += String(buffer: part)
                }
            } catch is IOError {
                // The server has closed while something was on its way to it.
            }
            return heard
        }
    }
}
