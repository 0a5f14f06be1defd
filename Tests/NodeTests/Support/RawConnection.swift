import Glibc
import KVStore
import NIOCore
import NIOPosix
import Synchronization

@testable import GalaNode

/// A socket that keeps to no rules, and never waits for longer than a few seconds.
final class RawConnection {
    let descriptor: Int32

    init(to address: NodeAddress) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = in_port_t(address.port).bigEndian
        name.sin_addr.s_addr = inet_addr(address.host)
        let status = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw TooLate(what: "a connection, errno \(errno)") }
    }

    deinit { close(descriptor) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    func send(_ hello: Hello) {
        var encoder = FrameEncoder()
        encoder.append(hello)
        send(encoder.takeBytes())
    }

    /// All frames until the other side closes; nil if it does not.
    func framesUntilEnd() throws -> [Frame]? {
        var decoder = FrameDecoder()
        var frames: [Frame] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count == 0 || (count < 0 && errno == ECONNRESET) { return frames }
            if count < 0 { return nil }
            try chunk[..<count].withUnsafeBytes { bytes in
                var rest = bytes[...]
                while let frame = try decoder.next(&rest) { frames.append(frame) }
            }
        }
    }

    /// True once the other side closes, whatever it says before.
    func isEnded() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count == 0 || (count < 0 && errno == ECONNRESET) { return true }
            if count < 0 { return false }
        }
    }
}

/// A peer that greets as it should, and then reads nothing any more.
final class DeafPeer: Sendable {
    let address: NodeAddress
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channel: any Channel
    private let greetings: Greetings

    private final class Greetings: Sendable { let count = Atomic<Int>(0) }

    init(_ hello: Hello) async throws {
        let greetings = Greetings()
        self.greetings = greetings
        channel = try await ServerBootstrap(group: group)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.socketOption(.so_rcvbuf), value: 4096)
            .childChannelInitializer { channel in
                var encoder = FrameEncoder()
                encoder.append(hello)
                greetings.count.add(1, ordering: .relaxed)
                let bytes = ByteBuffer(bytes: encoder.takeBytes())
                channel.eventLoop.execute { channel.writeAndFlush(bytes, promise: nil) }
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            .bind(host: "127.0.0.1", port: 0).get()
        address = NodeAddress(host: "127.0.0.1", port: channel.localAddress?.port ?? 0)
    }

    var calls: Int { greetings.count.load(ordering: .relaxed) }

    func stop() async throws { try await group.shutdownGracefully() }
}
