// swift-tools-version: 6.2
import PackageDescription

/// The rules of the main package.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .treatAllWarnings(as: .error),
]

/// A package of its own, so that nothing which is only measured with becomes part of what is measured.
let package = Package(
    name: "gala-benchmarks",
    products: [
        .executable(name: "raft-benchmark", targets: ["raft-benchmark"]),
        .executable(name: "store-benchmark", targets: ["store-benchmark"]),
        .executable(name: "id-benchmark", targets: ["id-benchmark"]),
    ],
    dependencies: [
        .package(name: "gala", path: "..")
    ],
    targets: [
        .target(name: "AllocationCounter", cSettings: [.treatAllWarnings(as: .error)]),
        .target(name: "BenchmarkSupport", swiftSettings: strict),
        .executableTarget(
            name: "raft-benchmark",
            dependencies: ["AllocationCounter", "BenchmarkSupport", .product(name: "Raft", package: "gala")],
            path: "Sources/RaftBenchmark",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "store-benchmark",
            dependencies: [
                "BenchmarkSupport", .product(name: "Raft", package: "gala"), .product(name: "KVStore", package: "gala"),
                .product(name: "CRocksDB", package: "gala"),
            ],
            path: "Sources/StoreBenchmark",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "id-benchmark",
            dependencies: ["BenchmarkSupport", .product(name: "IDGen", package: "gala")],
            path: "Sources/IDBenchmark",
            swiftSettings: strict
        ),
    ]
)
