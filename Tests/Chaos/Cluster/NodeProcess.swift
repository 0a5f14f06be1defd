import Glibc

/// A node's process: started by the node's own command line, and started again after each end.
actor NodeProcess {
    let node: Int
    private let files: ClusterFiles
    private let hasFakeClock: Bool
    private var id: pid_t?
    private var isPaused = false
    private var startedAt = ContinuousClock.now
    /// A process that has just been started does not yet listen to being asked to end.
    private static let timeToListen = Duration.seconds(5)
    /// Ends that nobody had asked for.
    private(set) var crashes: [String] = []

    init(_ node: Int, _ files: ClusterFiles, hasFakeClock: Bool) {
        self.node = node
        self.files = files
        self.hasFakeClock = hasFakeClock
    }

    var clockFile: String { "\(files.directory)/clock\(node)" }

    /// The process, if one runs.
    var process: pid_t? {
        collectCrash()
        return id
    }

    var runs: Bool { process != nil }

    // MARK: Beginning and end

    /// Starts the node, unless it runs.
    func start(isFirst: Bool = false) throws {
        guard !runs else { return }
        var arguments = [files.binaries.gala, "--config", files.configurationFile(of: node)]
        if isFirst { arguments.append("--bootstrap") }
        if files.place == .namespaces {
            arguments = ["ip", "netns", "exec", Network.namespace(of: node)] + arguments
        } else if hasFakeClock {
            // libfaketime moves the environment of the first process that it meets, and Swift looks for arguments beside it.
            arguments = ["env"] + arguments
        }
        var environment: [String] = []
        if hasFakeClock {
            if !Files.exists(clockFile) { try FakeClock.set(clockFile, bySeconds: 0) }
            environment = FakeClock.environment(clockFile)
        }
        let started = try Program.start(arguments, output: .file(files.logFile(of: node)), environment: environment)
        id = started
        isPaused = false
        startedAt = .now
        try Files.write("\(started)", to: "\(files.directory)/node\(node).pid")
    }

    /// Ends the process as a crash of its machine's would: SIGKILL. False if none ran.
    @discardableResult
    func kill() -> Bool {
        guard let id = process else { return false }
        Glibc.kill(id, SIGKILL)
        _ = collect(id, flags: 0)
        return true
    }

    /// Asks the process to end, and waits for that; kills it when it takes too long.
    ///
    /// - Returns: How it ended; nil if none ran.
    func terminate(patience: Duration = .seconds(40)) async -> Program.End? {
        guard let id = process else { return nil }
        resume()
        let isYoung = ContinuousClock.now - startedAt < Self.timeToListen
        Glibc.kill(id, SIGTERM)
        let end = ContinuousClock.now + patience
        while ContinuousClock.now < end {
            // Somebody else may have killed it meanwhile.
            guard self.id == id else { return nil }
            if let end = collect(id, flags: WNOHANG) {
                let isFine = end == .exit(0) || isYoung && end == .signal(SIGTERM)
                if !isFine { crashes.append("node \(node) was asked to end and came to \(end)") }
                return end
            }
            try? await Task.sleep(for: .milliseconds(10))
        }
        guard self.id == id else { return nil }
        crashes.append("node \(node) did not end within \(patience)")
        kill()
        return .signal(SIGKILL)
    }

    // MARK: Pauses

    /// Stops the process where it stands. False if none runs, or it stands already.
    func pause() -> Bool {
        guard let id = process, !isPaused else { return false }
        isPaused = true
        return Glibc.kill(id, SIGSTOP) == 0
    }

    func resume() {
        guard let id, isPaused else { return }
        isPaused = false
        Glibc.kill(id, SIGCONT)
    }

    // MARK: What is known of it

    /// The memory that it holds, in KiB.
    var residentKiB: Int? { number("VmRSS:") }

    /// The most that it ever held.
    var highestKiB: Int? { number("VmHWM:") }

    private func number(_ name: String) -> Int? {
        guard let id = process, let text = Files.readText("/proc/\(id)/status") else { return nil }
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line.flatMap { Int($0.dropFirst(name.count).filter(\.isNumber)) }
    }

    private func collectCrash() {
        guard let id, let end = collect(id, flags: WNOHANG) else { return }
        crashes.append("node \(node) ended by itself: \(end)")
    }

    private func collect(_ id: pid_t, flags: CInt) -> Program.End? {
        var status: CInt = 0
        var collected: pid_t
        repeat { collected = waitpid(id, &status, flags) } while collected < 0 && errno == EINTR
        guard collected == id else { return nil }
        self.id = nil
        isPaused = false
        return Program.End(status: status)
    }
}
