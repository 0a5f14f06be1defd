import FoundationEssentials
import Glibc
import Testing

/// Keeps the crash trials alive: a few kills in each run of the tests. `make crash` does many, and cuts the power too.
@Suite struct KillTests {
    @Test("Nothing acknowledged is lost when the process is killed three times", .timeLimit(.minutes(2)))
    func kills() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "crash-trial-test-\(getpid())").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let (status, output) = try run(["kill", "--rounds", "3", "--seed", "8", "--directory", directory])
        #expect(status == 0, "\(output)")
        #expect(output.contains("3 kills: 0 with a loss"), "\(output)")
        #expect(!output.contains("\n0 commands acknowledged"), "\(output)")
    }

    /// Runs the program that was built beside the tests.
    private func run(_ arguments: [String]) throws -> (status: CInt, output: String) {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let program = URL(filePath: tests).deletingLastPathComponent().appending(path: "crash-trial").path
        try #require(FileManager.default.isExecutableFile(atPath: program), "\(program) is not built")
        let command = ([program] + arguments).map { "'\($0)'" }.joined(separator: " ")
        let stream = try #require(popen("\(command) 2>&1", "r"))
        var output: [UInt8] = []
        var byte = fgetc(stream)
        while byte != EOF {
            output.append(UInt8(truncatingIfNeeded: byte))
            byte = fgetc(stream)
        }
        let status = pclose(stream)
        return (status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F), String(decoding: output, as: UTF8.self))
    }
}
