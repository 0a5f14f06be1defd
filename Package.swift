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
        // For what is measured beside the engine.
        .library(name: "CRocksDB", targets: ["CRocksDB"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
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
            dependencies: ["Simulation", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: strict
        ),
        .testTarget(name: "SimulationTests", dependencies: ["Simulation"], swiftSettings: strict),
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
    ]
)
