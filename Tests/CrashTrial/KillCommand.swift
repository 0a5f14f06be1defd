import ArgumentParser
import Glibc

/// Kills processes. What they have written is in the page cache and stays there.
struct KillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill",
        abstract: "Kills the store's process again and again, and looks for what was acknowledged."
    )

    @OptionGroup var options: TrialOptions

    func run() throws {
        try options.run { KillScene(directory: $0) }
    }
}

/// What both kinds of trial take.
struct TrialOptions: ParsableArguments {
    @Option(help: "How many crashes.")
    var rounds = 20

    @Option(help: "Decides the commands and the moments of the crashes.")
    var seed: UInt64 = 1

    @Option(help: "Where to work; a new temporary directory, which is removed again, without it.")
    var directory: String?

    @Flag(help: "After a loss, begin anew with an empty directory instead of ending.")
    var keepGoing = false

    func validate() throws {
        guard (1...100_000).contains(rounds) else { throw ValidationError("--rounds must be from 1 to 100000") }
        guard seed < 1 << 56 else { throw ValidationError("--seed must be below 2^56") }
    }

    /// Runs the trial in a scene in a directory.
    func run(_ makeScene: (String) throws -> any Scene) throws {
        let place = try workingDirectory()
        let isHeld: Bool
        do {
            let scene = try makeScene(place)
            defer { scene.leave() }
            var trial = Trial(scene: scene, seed: seed, notes: place, keepsGoing: keepGoing)
            isHeld = try trial.run(rounds: rounds)
        } catch let trouble as Trouble {
            printError("crash-trial: the trial does not work: \(trouble)")
            throw Exit.trouble
        }
        if isHeld || keepGoing {
            if directory == nil { try removeTree(place) }
        } else {
            say("what is left is in \(place)")
        }
        if !isHeld { throw Exit.loss }
    }

    private func workingDirectory() throws -> String {
        if let directory {
            guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
                throw ValidationError("cannot make \(directory): \(String(cString: strerror(errno)))")
            }
            return directory
        }
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/crash-trial-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ValidationError("cannot make a directory in \(parent)") }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Removes a directory and everything in it.
func removeTree(_ directory: String) throws {
    let (end, _) = try ChildProcess.run(["rm", "-rf", "--one-file-system", directory], errors: "/dev/null")
    guard end == .exit(0) else { throw Trouble("cannot remove \(directory)") }
}

/// A store in an ordinary directory.
private final class KillScene: Scene {
    static let crash = Crash.kill
    let dataDirectory: String

    init(directory: String) { dataDirectory = "\(directory)/data" }

    func environment(hasAnswered: Bool) -> [String] { [] }

    func strike() -> Crash { .kill }

    func restore() {}

    func leave() {}

    func clear() throws { try removeTree(dataDirectory) }
}
