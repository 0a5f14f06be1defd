import BenchmarkSupport
import Glibc

/// Measures the log and the engine beside what they stand on, in the same run: so that a slow disk or a busy machine
/// slows both, and their ratio says what our part costs.
@main
enum StoreBenchmark {
    static func main() {
        do {
            let options = try Options(Array(CommandLine.arguments.dropFirst()))
            if options.wantsHelp { return print(Options.help) }
            let place = try WorkingDirectory(options.directory)
            defer { place.remove() }
            print(try measure(options, in: place))
        } catch let error as UsageError {
            fail("\(error)\n\n\(Options.help)", code: 64)
        } catch {
            fail("\(error)", code: 1)
        }
    }

    /// Ours and what it stands on take turns, so that what disturbs the machine for a while disturbs both.
    private static func measure(_ options: Options, in place: WorkingDirectory) throws -> String {
        let machine = Machine.current()
        var tables = [
            """
            \(machine.date), commit \(machine.commit), \(machine.build) build, \(machine.processor), \
            \(machine.cores) cores; medians of \(options.runs) runs, in \(place.path)
            """
        ]
        if options.parts.contains(.log) { tables.append(try LogAppends.measure(options, in: place)) }
        if options.parts.contains(.engine) { tables.append(try EngineCosts.measure(options, in: place)) }
        if options.parts.contains(.recovery) { tables.append(try LogRecoveryTime.measure(options, in: place)) }
        return tables.joined(separator: "\n\n")
    }

    private static func fail(_ message: String, code: CInt) -> Never {
        Array("store-benchmark: \(message)\n".utf8).withUnsafeBytes { text in
            _ = write(STDERR_FILENO, text.baseAddress, text.count)
        }
        exit(code)
    }
}

/// What went wrong.
struct BenchmarkFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
