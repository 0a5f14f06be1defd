import ArgumentParser
import Glibc

/// What every way of trying a cluster takes, and the stage that it is tried on.
struct StageOptions: ParsableArguments {
    @Option(help: "Decides what happens; drawn, and printed, without it.")
    var seed: UInt64?

    @Option(help: ArgumentHelp("Where gala and galactl are.", valueName: "directory"))
    var binaries = ".build/release"

    @Flag(help: "Keep logs and history also of a run in which everything held.")
    var keep = false

    @Flag(help: "Stay on the loopback interface, with faults of processes only.")
    var loopback = false

    /// Where a run is played.
    struct Stage {
        let directory: String
        let place: Enclosure.Place
        let binaries: ClusterFiles.Binaries
        let seed: UInt64

        /// A new cluster that serves.
        func cluster(hasFakeClock: Bool = false) async throws -> Cluster {
            let cluster = try Cluster(
                directory: directory,
                binaries: binaries,
                place: place,
                hasFakeClock: hasFakeClock
            )
            do {
                try await cluster.begin()
            } catch {
                await cluster.end()
                throw error
            }
            return cluster
        }
    }

    /// Plays a run, and clears everything away.
    ///
    /// - Parameter body: Returns the exit code; whatever it starts it also ends.
    func play(_ body: (Stage) async throws -> ExitCode) async throws {
        let place: Enclosure.Place
        let directory: WorkingDirectory
        let code: ExitCode
        do {
            if loopback {
                WorkingDirectory.sweep()
                place = .loopback("so it was asked for")
            } else {
                if Enclosure.outerProcess == getpid() { WorkingDirectory.sweep() }
                place = try Enclosure.enter()
            }
            Interruption.prepare()
            if case .loopback(let reason) = place {
                say("on the loopback interface, with faults of processes only: \(reason)")
            }
            let binaries = try ClusterFiles.Binaries(directory: absolute(binaries))
            directory = try WorkingDirectory()
            do {
                let seed = seed ?? UInt64.random(in: 0..<1 << 32)
                code = try await body(Stage(directory: directory.path, place: place, binaries: binaries, seed: seed))
            } catch let violation as Violation {
                say("VIOLATION: \(violation)")
                code = Exit.violation
            } catch {
                directory.keep()
                printError("chaos: what is left is in \(directory.path)")
                throw error
            }
        } catch let trouble as Trouble {
            printError("chaos: the harness does not work: \(trouble)")
            throw Exit.trouble
        }
        if code != .success || keep {
            directory.keep()
            say("logs and history are in \(directory.path)")
        } else {
            directory.remove()
        }
        if Interruption.isRequested { throw ExitCode(130) }
        if code != .success { throw code }
    }

    /// Plays a run on a new cluster, which ends with it.
    ///
    /// - Parameter body: Returns the exit code; whatever it starts it also ends.
    func playOnCluster(_ body: (Cluster, Stage) async throws -> ExitCode) async throws {
        try await play { stage in
            say("seed \(stage.seed)")
            let cluster = try await stage.cluster()
            do {
                let code = try await body(cluster, stage)
                await cluster.end()
                return code
            } catch {
                await cluster.end()
                throw error
            }
        }
    }

    private func absolute(_ path: String) -> String {
        guard let full = realpath(path, nil) else { return path }
        defer { free(full) }
        return String(cString: full)
    }
}
