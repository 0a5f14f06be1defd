import Glibc
import NIOPosix

/// A connection that says whatever one likes. Its calls block, so they belong on a thread of their own: see ``offload``.
final class RawConnection {
    private let socket: CInt

    /// Connects within some seconds.
    init(_ host: String, _ port: Int) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw Trouble("cannot make a socket: \(Files.reason())") }
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else {
            let reason = Files.reason()
            close(socket)
            throw Refused(reason: reason)
        }
    }

    deinit { close(socket) }

    /// The other side does not accept.
    struct Refused: Error {
        let reason: String
    }

    /// Sends everything; false where the other side takes no more.
    @discardableResult
    func say(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if sent < 0, errno == EINTR { continue }
            guard sent > 0 else { return false }
            rest = rest.dropFirst(sent)
        }
        return true
    }

    @discardableResult
    func say(_ text: String) -> Bool { say(Array(text.utf8)) }

    /// What the other side has said when it closes, falls silent for five seconds, or has said enough.
    func hear(atMost limit: Int = 1 << 20, until isEnough: ([UInt8]) -> Bool = { _ in false }) -> Heard {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count < limit, !isEnough(bytes) {
            let count = recv(socket, &part, part.count, 0)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return Heard(bytes: bytes, isClosed: false) }
            guard count > 0 else { return Heard(bytes: bytes, isClosed: true) }
            bytes += part[..<count]
        }
        return Heard(bytes: bytes, isClosed: false)
    }

    /// Lets the next close be a reset.
    func resetOnClose() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    }
}

/// What was heard on a connection.
struct Heard {
    let bytes: [UInt8]
    let isClosed: Bool

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The statuses of the answers, one after the other.
    var statuses: [Int] {
        text.split(separator: "HTTP/1.1 ", omittingEmptySubsequences: true).compactMap { part in
            part.prefix(4).hasSuffix(" ") ? Int(part.prefix(3)) : nil
        }
    }
}

/// Does what blocks on a thread that is there for it.
func offload<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await NIOThreadPool.singleton.runIfActive(body)
}
