import ArgumentParser

/// Judges what Gala does, under faults and on paper.
@main
struct Galasim: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "galasim",
        abstract: "Tries Gala under faults and judges histories of what its clients saw.",
        subcommands: [Run.self, Check.self]
    )
}
