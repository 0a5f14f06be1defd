import Glibc

/// Programs that the harness starts.
enum Program {
    /// How a process has ended.
    enum End: Equatable, CustomStringConvertible {
        case exit(CInt)
        case signal(CInt)

        init(status: CInt) {
            let signal = status & 0x7F
            self = signal == 0 ? .exit(status >> 8 & 0xFF) : .signal(signal)
        }

        var description: String {
            switch self {
            case .exit(let code): "exit code \(code)"
            case .signal(let number): "signal \(number)"
            }
        }
    }

    /// Runs a program, found by the search path, to its end, and returns what it has written to either output.
    @discardableResult
    static func run(_ arguments: [String]) throws -> String {
        let (end, output) = try attempt(arguments)
        guard end == .exit(0) else {
            throw Trouble("\(arguments.joined(separator: " ")): \(end): \(output)")
        }
        return output
    }

    /// The same, whatever end it comes to.
    static func attempt(_ arguments: [String]) throws -> (end: End, output: String) {
        var ends: [CInt] = [0, 0]
        guard pipe(&ends) == 0 else { throw Trouble("cannot make a pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        let id: pid_t
        do {
            defer { close(ends[1]) }
            id = try start(arguments, output: .descriptor(ends[1]))
        }
        var output: [UInt8] = []
        while let more = Files.readSome(ends[0]), !more.isEmpty { output += more }
        var status: CInt = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        return (End(status: status), String(decoding: output, as: UTF8.self))
    }

    /// Where a program's outputs go.
    enum Output {
        case descriptor(CInt)
        /// To the end of a file.
        case file(String)
    }

    /// Starts a program in a process group of its own, so that Ctrl-C is the harness's alone to deal with.
    ///
    /// - Parameter environment: Variables to add to the harness's own.
    static func start(_ arguments: [String], output: Output, environment: [String] = []) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        switch output {
        case .descriptor(let descriptor): posix_spawn_file_actions_adddup2(&actions, descriptor, STDOUT_FILENO)
        case .file(let path):
            let flags = O_WRONLY | O_CREAT | O_APPEND
            posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, path, flags, 0o600)
        }
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var noSignals = sigset_t()
        sigemptyset(&noSignals)
        posix_spawnattr_setsigmask(&attributes, &noSignals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))

        var inherited: [String] = []
        var next = environ
        while let entry = next.pointee {
            inherited.append(String(cString: entry))
            next += 1
        }
        var argv = arguments.map { strdup($0) } + [nil]
        var envp = (inherited + environment).map { strdup($0) } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var id = pid_t()
        let path = Files.program(arguments[0]) ?? arguments[0]
        let code = posix_spawn(&id, path, &actions, &attributes, &argv, &envp)
        guard code == 0 else { throw Trouble("cannot start \(arguments[0]): \(String(cString: strerror(code)))") }
        return id
    }
}
