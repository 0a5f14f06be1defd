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

/// One program a decoder, each of which feeds it what libFuzzer makes up.
func fuzzer(_ name: String, _ folder: String) -> Target {
    .executableTarget(
        name: name,
        dependencies: [
            "FuzzSupport", .product(name: "KVStore", package: "gala"),
            .product(name: "KVStoreSamples", package: "gala"),
            .product(name: "Raft", package: "gala"),
        ],
        path: "Sources/\(folder)",
        swiftSettings: strict
    )
}

/// A package of its own, since all of it, the store included, is built with the fuzzer's instruments: see `run.sh`.
let package = Package(
    name: "gala-fuzz",
    dependencies: [
        .package(name: "gala", path: "..")
    ],
    targets: [
        .target(name: "CFuzzer"),
        .target(name: "FuzzSupport", dependencies: ["CFuzzer"], swiftSettings: strict),
        fuzzer("fuzz-frames", "Frames"),
        fuzzer("fuzz-messages", "Messages"),
        fuzzer("fuzz-commands", "Commands"),
        fuzzer("fuzz-requests", "Requests"),
        fuzzer("fuzz-log", "Log"),
        fuzzer("fuzz-snapshots", "Snapshots"),
        fuzzer("fuzz-applied-states", "AppliedStates"),
    ]
)
