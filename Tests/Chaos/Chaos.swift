import ArgumentParser
import Glibc

/// Real processes under fire: a cluster of nodes as they are shipped, each in a network of its own, driven over HTTP
/// alone, while a seed decides what is done to it.
///
///     chaos ── HTTP ──▶ node 1   node 2   node 3        each: its own process, network namespace, data directory
///       │                  └────────┼────────┘
///       │                        bridge                 all in one namespace of processes, mounts and networks,
///       └── signals, firewall rules, links              which the kernel clears away with the harness
@main
struct Chaos: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chaos",
        abstract: "Runs a cluster of real processes under faults, and judges what its clients saw.",
        discussion: """
            Exit codes: 0, everything held; 1, something did not; 2, the harness itself did not work; 3, the run is void: \
            it has tried too little to say anything.

            Examples:
              chaos --seconds 60 --seed 7
              chaos gifts
              chaos rolling
              chaos snapshot
              chaos abuse
            """,
        subcommands: [
            RunCommand.self, BankCommand.self, GiftsCommand.self, RollingCommand.self, SnapshotCommand.self,
            AbuseCommand.self,
        ],
        defaultSubcommand: RunCommand.self
    )
}

/// The codes that the harness exits with besides 0.
enum Exit {
    /// The cluster did something that it must not.
    static let violation = ExitCode(1)
    /// The harness does not work here, and says nothing about the cluster.
    static let trouble = ExitCode(2)
    /// Too little was tried to say anything.
    static let void = ExitCode(3)
}

/// Why the harness does not work.
struct Trouble: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// What the cluster did and must not do.
struct Violation: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Prints a line at once, also into a pipe.
func say(_ text: String) { Files.writeAll(text + "\n", to: STDOUT_FILENO) }

/// Writes a line to the standard error.
func printError(_ text: String) { Files.writeAll(text + "\n", to: STDERR_FILENO) }
