import Foundation
import Glibc

/// Answers each request on the loopback interface as a script says, and remembers what it was asked.
final class ScriptedNode: @unchecked Sendable {
    typealias Script = @Sendable (_ request: String) -> (status: Int, body: String)

    private let listener: SilentNode
    private let script: Script
    private let lock = NSLock()
    private var requests: [String] = []

    /// - Parameter script: Is given the method and the path, `GET /v1/users`.
    init(_ script: @escaping Script) throws {
        listener = try SilentNode()
        self.script = script
        Thread.detachNewThread { [self] in serve() }
    }

    var endpoint: String { "http://127.0.0.1:\(listener.port)" }

    /// What was asked, in order.
    var asked: [String] { lock.withLock { requests } }

    func end() {
        // Wakes up who waits for connections.
        _ = shutdown(listener.socket, Int32(SHUT_RDWR))
        listener.end()
    }

    private func serve() {
        while true {
            let connection = accept(listener.socket, nil, nil)
            guard connection >= 0 else { return }
            let request = Self.read(connection).split(separator: " ").prefix(2).joined(separator: " ")
            lock.withLock { requests.append(request) }
            let (status, body) = script(request)
            let answer =
                "HTTP/1.1 \(status) Said\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
                + "ETag: \"1\"\r\nConnection: close\r\n\r\n" + body
            Array(answer.utf8).withUnsafeBytes { _ = write(connection, $0.baseAddress, $0.count) }
            close(connection)
        }
    }

    /// A request with its body.
    private static func read(_ connection: Int32) -> String {
        var text = ""
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while !isWhole(text) {
            let count = recv(connection, &chunk, chunk.count, 0)
            guard count > 0 else { break }
            text += String(decoding: chunk[..<count], as: UTF8.self)
        }
        return text
    }

    private static func isWhole(_ text: String) -> Bool {
        guard let end = text.range(of: "\r\n\r\n") else { return false }
        let lengths = text[..<end.lowerBound].lowercased().components(separatedBy: "content-length: ").dropFirst()
        let length = lengths.first.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
        return text[end.upperBound...].utf8.count >= length
    }
}
