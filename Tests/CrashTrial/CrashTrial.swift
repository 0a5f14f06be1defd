import ArgumentParser

/// Crashes real processes, and real file systems, while a store writes on a real log and a real engine.
///
///     parent ── spawns ──▶ writer: a store on log/ and engine/, takes turns as fast as it can
///       ▲                    │
///       └─ acknowledgements ─┘  each written after the turn that gave the answer was complete
///
///     kill -9, or the power fails          parent ── spawns ──▶ inspector: opens what is left
///       ▲                                    │                    │
///       └───── and on with the next writer ──┴──── compares ──────┘
///
/// Every command is a function of the seed, its partition and its number, so the parent computes by itself what each
/// partition must hold. It must be the state after some prefix of the commands, with every acknowledged one in it.
@main
struct CrashTrial: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crash-trial",
        abstract: "Kills a store's process, or cuts its power, and looks for what was acknowledged.",
        discussion: """
            Exit codes: 0, nothing was lost; 1, something was; 2, the trial itself did not work; 77, skipped, because \
            it needs root.

            Examples:
              crash-trial kill --rounds 50 --seed 7
              crash-trial power --rounds 20
            """,
        subcommands: [KillCommand.self, PowerCommand.self, WriteCommand.self, InspectCommand.self]
    )
}

/// The codes that a trial exits with besides 0.
enum Exit {
    /// Something acknowledged was lost, or a store did something that it must not.
    static let loss = ExitCode(1)
    /// The trial itself did not work, and says nothing about the store.
    static let trouble = ExitCode(2)
    /// The trial cannot run here.
    static let skipped = ExitCode(77)
}

/// Why the trial itself does not work.
struct Trouble: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// What a store did and must not do.
struct Violation: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
