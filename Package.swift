// swift-tools-version: 6.2
import PackageDescription

/// One set of rules for every target: the newest language mode, nothing implicit, no warning left behind.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "gala",
    products: [
        .library(name: "Raft", targets: ["Raft"]),
        .library(name: "KVStore", targets: ["KVStore"]),
        .library(name: "KVStoreSamples", targets: ["KVStoreSamples"]),
        .library(name: "IDGen", targets: ["IDGen"]),
        // For what is measured beside the engine.
        .library(name: "CRocksDB", targets: ["CRocksDB"]),
        .library(name: "GalaNode", targets: ["GalaNode"]),
        .library(name: "GalaCertificates", targets: ["GalaCertificates"]),
        .executable(name: "gala", targets: ["gala"]),
        .executable(name: "galactl", targets: ["galactl"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", exact: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", exact: "1.21.1"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", exact: "5.7.1"),
    ],
    targets: [
        .target(
            name: "Raft",
            dependencies: [.product(name: "DequeModule", package: "swift-collections")],
            swiftSettings: strict
        ),
        .target(name: "RaftScripts", dependencies: ["Raft"], path: "Tests/RaftScripts", swiftSettings: strict),
        .target(name: "RaftHarness", dependencies: ["Raft"], path: "Tests/RaftHarness", swiftSettings: strict),
        .executableTarget(
            name: "raft-harness",
            dependencies: ["RaftHarness", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Tests/RaftHarnessCommand",
            swiftSettings: strict
        ),
        .testTarget(
            name: "RaftTests",
            dependencies: ["Raft", "RaftHarness", "RaftScripts"],
            exclude: ["Scripts"],
            swiftSettings: strict
        ),
        .systemLibrary(name: "CRocksDB", pkgConfig: "rocksdb", providers: [.apt(["librocksdb-dev"])]),
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .target(name: "CChecksum"),
        .target(
            name: "KVStore",
            dependencies: [
                "Raft", "CRocksDB", "CLZ4", "CChecksum", .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "crash-trial",
            dependencies: ["KVStore", "Raft", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Tests/CrashTrial",
            exclude: ["lying-sync.c", "run.sh"],
            swiftSettings: strict
        ),
        .testTarget(name: "CrashTrialTests", dependencies: ["crash-trial"], swiftSettings: strict),
        .target(
            name: "Simulation",
            dependencies: ["KVStore", "Raft", .product(name: "HeapModule", package: "swift-collections")],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "galasim",
            dependencies: [
                "DomainSimulation", "Simulation", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),
        .testTarget(name: "SimulationTests", dependencies: ["Simulation"], swiftSettings: strict),
        .executableTarget(
            name: "chaos",
            dependencies: [
                "GalaCertificates", "KVStore", "Raft", "Simulation",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            path: "Tests/Chaos",
            swiftSettings: strict
        ),
        .target(
            name: "KVStoreSamples",
            dependencies: ["KVStore", "Raft"],
            path: "Tests/KVStoreSamples",
            swiftSettings: strict
        ),
        .testTarget(
            name: "KVStoreTests",
            dependencies: ["KVStore", "KVStoreSamples", "Raft", "CChecksum"],
            swiftSettings: strict
        ),
        // Looks behind access control: a release build of these needs `-Xswiftc -enable-testing`, as tests do.
        .target(
            name: "TransactionExplorer",
            dependencies: ["KVStore", "Raft"],
            path: "Tests/TransactionExplorer",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "transaction-explorer",
            dependencies: [
                "TransactionExplorer", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/TransactionExplorerCommand",
            swiftSettings: strict
        ),
        .testTarget(
            name: "TransactionExplorerTests",
            dependencies: ["KVStore", "Raft", "TransactionExplorer"],
            swiftSettings: strict
        ),
        .target(
            name: "ModelStore",
            dependencies: [
                "KVStore", "Raft", .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
            ],
            path: "Tests/ModelStore",
            swiftSettings: strict
        ),
        .target(name: "Domain", dependencies: ["KVStore"], swiftSettings: strict),
        .target(
            name: "DomainHarness",
            dependencies: [
                "Domain", "KVStore", "ModelStore", "Raft",
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
            ],
            path: "Tests/DomainHarness",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "domain-harness",
            dependencies: ["DomainHarness", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Tests/DomainHarnessCommand",
            swiftSettings: strict
        ),
        .testTarget(
            name: "DomainTests",
            dependencies: [
                "Domain", "DomainHarness", "KVStore", "ModelStore", "Raft",
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "DomainSimulation",
            dependencies: [
                "Domain", "DomainHarness", "IDGen", "KVStore", "Raft", "Simulation",
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
            ],
            path: "Tests/DomainSimulation",
            swiftSettings: strict
        ),
        .testTarget(
            name: "DomainSimulationTests",
            dependencies: ["DomainSimulation", "Simulation"],
            swiftSettings: strict
        ),
        .target(name: "IDGen", dependencies: ["Domain", "KVStore"], swiftSettings: strict),
        .testTarget(
            name: "IDGenTests",
            dependencies: [
                "Domain", "IDGen", "KVStore", "ModelStore", "Raft",
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "GalaCertificates",
            dependencies: [
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            path: "Sources/Certificates",
            swiftSettings: strict
        ),
        .target(
            name: "GalaNode",
            dependencies: [
                "GalaCertificates", "KVStore", "Raft",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
            ],
            path: "Sources/Node",
            swiftSettings: strict
        ),
        .testTarget(
            name: "NodeTests",
            dependencies: [
                "GalaCertificates", "GalaNode", "KVStore", "Raft",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            swiftSettings: strict
        ),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(
            name: "API",
            dependencies: [
                "Domain", "KVStore", "COpenSSL",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "APITests",
            dependencies: [
                "API", "Domain", "DomainHarness", "GalaCertificates", "KVStore", "ModelStore",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "gala",
            dependencies: [
                "API", "Domain", "GalaCertificates", "GalaNode", "IDGen", "KVStore", "Raft",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GalaTests",
            dependencies: ["gala", .product(name: "Logging", package: "swift-log")],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "galactl",
            dependencies: [
                "GalaCertificates",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GalactlTests",
            dependencies: [
                "GalaCertificates", "galactl",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
    ]
)
