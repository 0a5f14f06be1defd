import Foundation
import Testing

/// The seeded defects of `Tests/Mutations/Store`, `Tests/Mutations/Transactions` and `Tests/Mutations/Chaos` are patches
/// against the sources as they are; one that no longer applies proves nothing. Whether each is caught is for `make mutants`
/// to find out, which takes longer, and for `chaos`, which takes longer still.
@Suite("Mutations of the store and of transactions")
struct StoreMutationTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static let patches = ["Store", "Transactions", "Chaos"].flatMap { folder in
        let names = try? FileManager.default.contentsOfDirectory(atPath: root.path + "/Tests/Mutations/" + folder)
        return (names ?? []).filter { $0.hasSuffix(".patch") }.sorted().map { folder + "/" + $0 }
    }

    private static let hasGit = (try? run("git", "--version"))?.status == 0

    @Test("There are enough of them")
    func count() {
        #expect(Self.patches.count { $0.hasPrefix("Store/") } >= 18)
        #expect(Self.patches.count { $0.hasPrefix("Transactions/sim-") } >= 15)
    }

    @Test("Each still applies", .enabled(if: hasGit, "git is not installed"), arguments: patches)
    func applies(patch: String) throws {
        let result = try Self.run("git", "apply", "--check", "Tests/Mutations/" + patch)
        #expect(result.status == 0, "\(patch) has to be made anew: \(result.output)")
    }

    @Test("Each says what it breaks before it does", arguments: patches)
    func explains(patch: String) throws {
        let text = try String(contentsOf: Self.root.appending(path: "Tests/Mutations/" + patch), encoding: .utf8)
        let prose = text.split(separator: "--- a/").first ?? ""
        #expect(prose.contains("."), "\(patch) begins with a sentence")
    }

    private static func run(_ command: String...) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        process.currentDirectoryURL = root
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(bytes: output, encoding: .utf8) ?? "")
    }
}
