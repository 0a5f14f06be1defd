import ArgumentParser
import Glibc

/// Cuts the power of a file system. What was not synchronised is gone.
struct PowerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "power",
        abstract: "Cuts the power under a store again and again, and looks for what was acknowledged.",
        discussion: """
            The store lies on an ext4 of its own in a file, mounted over a loop device; that needs root. With --lying \
            every writer that finds acknowledged data is started with a library that lets fsync and fdatasync do \
            nothing: then a loss must be found.
            The mounts live in a namespace of the trial's own, so that they go with its last process, however it ends.
            """
    )

    @OptionGroup var options: TrialOptions

    @Option(help: "A library that is loaded before others into the writer; see lying-sync.c.")
    var lying: String?

    @Flag(help: .hidden)
    var hasOwnNamespace = false

    func run() throws {
        guard geteuid() == 0 else {
            printError("crash-trial: SKIPPED: cutting the power of a file system needs root")
            throw Exit.skipped
        }
        guard hasOwnNamespace else { return try enterOwnNamespace() }
        try options.run { directory in
            PowerScene(try LoopDisk(directory: directory), lying: lying, seed: options.seed)
        }
    }
}

extension PowerCommand {
    /// Goes on as another program, which starts this one again where no mount is seen by others.
    private func enterOwnNamespace() throws {
        var arguments = ["unshare", "--mount", "--propagation", "private", try ChildProcess.ownPath()]
        arguments += CommandLine.arguments.dropFirst() + ["--has-own-namespace"]
        var argv = arguments.map { strdup($0) } + [nil]
        execvp("unshare", &argv)
        printError("crash-trial: cannot start unshare: \(String(cString: strerror(errno)))")
        throw Exit.trouble
    }
}

/// A store on a file system whose power can be cut.
private final class PowerScene: Scene {
    static let crash = Crash.powerCut
    private let disk: LoopDisk
    private let lying: [String]
    private var random: SplitMix
    private var isCut = false

    var dataDirectory: String { "\(disk.mountPoint)/data" }

    init(_ disk: LoopDisk, lying library: String?, seed: UInt64) {
        self.disk = disk
        random = SplitMix(seed: seed)
        lying = library.map { ["LD_PRELOAD=\($0)", "LYING_DIRECTORY=\(disk.mountPoint)/"] } ?? []
    }

    /// The first writers are not lied to, so that there is something to lose.
    func environment(hasAnswered: Bool) -> [String] { hasAnswered ? lying : [] }

    /// Now and then the process dies alone. What its successor then finds in the page cache and goes on from must last
    /// when the power fails next, although nobody has synchronised it but the recovery.
    func strike() throws -> Crash {
        isCut = Int.random(in: 0..<3, using: &random) > 0
        guard isCut else { return .kill }
        try disk.cutPower()
        // For a moment the writer meets a disk that fails, and must not take that for success.
        usleep(UInt32.random(in: 0...10_000, using: &random))
        return .powerCut
    }

    func restore() throws {
        guard isCut else { return }
        try disk.unmount()
        try disk.mount()
    }

    /// The image stays for whoever wants to look into it.
    func leave() { try? disk.unmount() }

    func clear() throws { try removeTree(dataDirectory) }
}
