import FoundationEssentials
import RaftScripts
import Testing

/// Runs every interaction script and compares what happens with what the script says.
///
/// `GALA_REWRITE_SCRIPTS=1 swift test --filter ScriptTests` writes what happens into the scripts instead; read the
/// difference before it is committed.
@Suite struct ScriptTests {
    /// The scripts beside this file, by name.
    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter { $0.hasSuffix(".txt") }.sorted()
    }()

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Scripts").path

    private static let isRewriting = ProcessInfo.processInfo.environment["GALA_REWRITE_SCRIPTS"] == "1"

    @Test(arguments: names)
    func scriptsSayWhatHappens(_ name: String) throws {
        let path = "\(Self.folder)/\(name)"
        let expected = try String(contentsOfFile: path, encoding: .utf8)
        let actual = try Script(parsing: expected).run().text
        if Self.isRewriting, actual != expected {
            try actual.write(toFile: path, atomically: true, encoding: .utf8)
            return
        }
        let difference = LineDifference(expected: expected, actual: actual)
        #expect(difference.isEmpty, "\(name) (- the script, + what happens)\n\(difference)")
    }

    @Test func scriptsAreFound() { #expect(Self.names.count >= 32) }

    @Test func everyScriptSaysFirstWhatItShows() throws {
        for name in Self.names {
            let text = try String(contentsOfFile: "\(Self.folder)/\(name)", encoding: .utf8)
            #expect(text.hasPrefix("# "), "\(name) has no heading")
        }
    }

    @Test func noScriptShowsABrokenPromise() throws {
        for name in Self.names {
            let text = try String(contentsOfFile: "\(Self.folder)/\(name)", encoding: .utf8)
            for mark in [" BREAKS ", "TWO LEADERS", " APPLIED "] {
                #expect(!text.contains(mark), "\(name) blesses a violation")
            }
        }
    }
}
