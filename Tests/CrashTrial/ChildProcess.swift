import Glibc

/// A child with a pipe from its standard output. Its errors go to a file.
///
/// Whoever makes one ends it with ``wait()``, after ``kill()`` where it would not end by itself.
final class ChildProcess {
    private let id: pid_t
    private var output: CInt
    private var buffered: [UInt8] = []

    /// How a process has ended.
    enum End: Equatable {
        case exit(CInt)
        case signal(CInt)
    }

    /// This program's own path.
    static func ownPath() throws -> String {
        guard let path = realpath("/proc/self/exe", nil) else { throw Trouble("cannot tell the program's own path") }
        defer { free(path) }
        return String(cString: path)
    }

    /// Starts a program, found by the search path, with variables added to the environment.
    init(_ arguments: [String], errors: String, environment: [String] = []) throws {
        var ends: [CInt] = [0, 0]
        guard pipe(&ends) == 0 else { throw Trouble("cannot make a pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { posix_spawn_file_actions_destroy(&actions) }

        var inherited: [String] = []
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if !text.hasPrefix("SWIFT_BACKTRACE=") { inherited.append(text) }
            next += 1
        }
        // A process that traps must end, not explain itself while its descriptors stay open.
        inherited.append("SWIFT_BACKTRACE=enable=no")
        var argv = arguments.map { strdup($0) } + [nil]
        var envp = (inherited + environment).map { strdup($0) } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var id = pid_t()
        let code = posix_spawnp(&id, arguments[0], &actions, nil, &argv, &envp)
        close(ends[1])
        guard code == 0 else {
            close(ends[0])
            throw Trouble("cannot start \(arguments[0]): \(String(cString: strerror(code)))")
        }
        self.id = id
        output = ends[0]
    }

    /// Ends the process at once.
    func kill() { Glibc.kill(id, SIGKILL) }

    /// Waits for the end of the process.
    func wait() -> End {
        if output >= 0 { close(output) }
        output = -1
        var status: CInt = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        return signal == 0 ? .exit(status >> 8 & 0xFF) : .signal(signal)
    }

    /// Waits for output until a moment, and returns the lines that are whole; nil at the end of the output.
    func lines(until deadline: ContinuousClock.Instant) -> [Substring]? {
        var poller = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
        let rest = max(.zero, deadline - .now)
        // Rounded down: a moment's busy waiting keeps the deadline to the microsecond.
        let count = poll(&poller, 1, CInt(min(rest / .milliseconds(1), 60_000)))
        if count <= 0 { return [] }
        guard let more = readSome(output), !more.isEmpty else { return nil }
        buffered += more
        guard let end = buffered.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        defer { buffered.removeSubrange(...end) }
        return String(decoding: buffered[..<end], as: UTF8.self).split(separator: "\n")
    }

    /// Runs a program to its end and returns what it has printed.
    static func run(_ arguments: [String], errors: String) throws -> (end: End, output: String) {
        let child = try ChildProcess(arguments, errors: errors)
        let output = String(decoding: readToEnd(child.output), as: UTF8.self)
        return (child.wait(), output)
    }
}
