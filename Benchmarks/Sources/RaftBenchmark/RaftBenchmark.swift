import BenchmarkSupport
import Glibc

/// Measures the consensus core by itself, without disks and networks: what it costs to take an entry all the way
/// through three replicas, and what groups cost that have nothing to do.
@main
enum RaftBenchmark {
    static func main() {
        do {
            let options = try Options(Array(CommandLine.arguments.dropFirst()))
            if options.wantsHelp { return print(Options.help) }
            try SelfCheck.run()
            print(try measure(options).text(options.format))
        } catch let error as UsageError {
            fail("\(error)\n\n\(Options.help)", code: 64)
        } catch {
            fail("\(error)", code: 1)
        }
    }

    /// Cases take turns, so that what disturbs the machine for a while disturbs all of them.
    private static func measure(_ options: Options) throws -> Report {
        let cases = ThroughputCase.all(options)
        var samples: [ThroughputCase: [ThroughputSample]] = [:]
        var idle: [Report.Idle] = []
        for _ in 0..<options.runs {
            for measured in cases {
                samples[measured, default: []].append(try measured.run(for: .seconds(options.seconds)))
            }
            idle.append(IdleCosts.measure())
        }
        return Report(
            machine: .current(),
            runs: options.runs,
            secondsPerRun: options.seconds,
            pipeline: options.pipeline,
            throughput: cases.map { Report.Throughput($0, samples: samples[$0, default: []]) },
            idle: Report.Idle(mediansOf: idle)
        )
    }

    private static func fail(_ message: String, code: CInt) -> Never {
        Array("raft-benchmark: \(message)\n".utf8).withUnsafeBytes { text in
            _ = write(STDERR_FILENO, text.baseAddress, text.count)
        }
        exit(code)
    }
}
