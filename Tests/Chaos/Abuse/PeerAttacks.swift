import FoundationEssentials
import GalaCertificates
import KVStore
import NIOCore
import NIOSSL
import Raft

extension Attack {
    /// What comes to the port for other nodes from who is none.
    static let peers: [Attack] = [
        plain("plain HTTP at the port for nodes", Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)),
        plain("random bytes at the port for nodes", (0..<4_096).map { UInt8(truncatingIfNeeded: $0 &* 167 ^ $0 >> 3) }),
        plain("silence at the port for nodes", []),
        called("TLS without a certificate", nil),
        called("a certificate of a foreign authority", .foreign),
        called("an expired certificate", .expired),
        called("a node's certificate, then garbage", .valid, Array(repeating: 0xA5, count: 1 << 16)),
        called("a frame of 4 GiB, announced", .valid, [0xFF, 0xFF, 0xFF, 0xFF] + Array(repeating: 1, count: 60)),
        called("an unknown version of the protocol", .valid, hello(versions: 200...201)),
        called("a node of another cluster", .valid, hello(cluster: 4_711)),
        called("another node's name", .valid, hello(node: 3)),
        called("the node's own name", .valid, hello(node: 1)),
        called("a node that nobody knows", .valid, hello(node: 77)),
        Attack("400 silent connections at the port for nodes") { target in
            let (host, port) = (target.host, target.peerPort)
            return try await offload {
                let connections = (0..<400).compactMap { _ in try? RawConnection(host, port) }
                let closed = connections.count { $0.hear(atMost: 1).isClosed }
                return "\(connections.count) accepted, \(closed) closed by the node within their time"
            }
        },
    ]

    /// Something that is no TLS: the node must close.
    private static func plain(_ name: String, _ bytes: [UInt8]) -> Attack {
        Attack(name) { target in
            let (host, port) = (target.host, target.peerPort)
            return try await offload {
                let connection = try RawConnection(host, port)
                connection.say(bytes)
                for _ in 0..<3 where connection.hear().isClosed { return "closed" }
                throw Violation("\(name): the connection stays open")
            }
        }
    }

    /// Something behind TLS: the node must close, and must not have agreed.
    private static func called(_ name: String, _ identity: PeerCaller.Identity?, _ bytes: [UInt8] = []) -> Attack {
        Attack(name) { target in
            let caller = try PeerCaller(target, identity)
            let (isClosed, reason) = try await caller.call(bytes, patience: .seconds(15))
            guard isClosed else { throw Violation("\(name): the connection stays open") }
            return reason
        }
    }

    /// The first frame of somebody who says that he is such a node.
    private static func hello(
        versions: ClosedRange<UInt8> = Hello.knownVersions,
        cluster: UInt128? = nil,
        node: UInt64 = 2
    ) -> [UInt8] {
        var frames = FrameEncoder()
        frames.append(
            Hello(
                versions: versions,
                cluster: ClusterID(cluster ?? "chaos".utf8.reduce(0) { $0 << 8 | UInt128($1) }),
                node: NodeID(node),
                incarnation: 99,
                traffic: .consensus
            )
        )
        return frames.takeBytes()
    }
}
