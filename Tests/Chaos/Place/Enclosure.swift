import Glibc

/// Namespaces of processes, mounts and networks in which the whole harness runs: it starts itself anew inside them.
///
/// They belong to the harness's process. When it ends, however it ends, the kernel ends every process in them, and with
/// the last process the networks, firewall rules and mounts are gone. Only files are left to be removed.
enum Enclosure {
    /// Where the cluster runs.
    enum Place: Equatable {
        /// Inside: nodes can have networks of their own.
        case namespaces
        /// On the loopback interface, for this reason; only processes can be harmed.
        case loopback(String)
    }

    private static let outerVariable = "CHAOS_OUTER_PROCESS"

    /// The process that everybody outside knows the harness by.
    static var outerProcess: pid_t {
        getenv(outerVariable).flatMap { pid_t(String(cString: $0)) } ?? getpid()
    }

    /// Continues inside, where that is possible: the process becomes one that starts the harness again.
    static func enter() throws -> Place {
        if getenv(outerVariable) != nil {
            // Named namespaces are files under /run; libfaketime's semaphores, named by processes, under /dev/shm.
            for path in ["/run", "/dev/shm"] { try Program.run(["mount", "-t", "tmpfs", "none", path]) }
            try Program.run(["ip", "link", "set", "lo", "up"])
            return .namespaces
        }
        if let reason = obstacle() { return .loopback(reason) }
        guard let own = realpath("/proc/self/exe", nil), let unshare = Files.program("unshare") else {
            throw Trouble("cannot tell the program's own path")
        }
        setenv(outerVariable, "\(getpid())", 1)
        let command = [unshare] + flags + [String(cString: own)] + CommandLine.arguments.dropFirst()
        var arguments = command.map { strdup($0) } + [nil]
        execv(unshare, &arguments)
        throw Trouble("cannot enter namespaces: \(Files.reason())")
    }

    private static var flags: [String] {
        let all = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        return geteuid() == 0 ? all : ["--user", "--map-root-user"] + all
    }

    /// Why it is not possible; nil if it is.
    private static func obstacle() -> String? {
        for name in ["unshare", "ip", "nft", "mount"] where Files.program(name) == nil {
            return "there is no \(name)"
        }
        let script = "mount -t tmpfs none /run && ip netns add probe && ip netns exec probe nft list ruleset"
        guard let (end, output) = try? Program.attempt(["unshare"] + flags + ["sh", "-c", script]), end == .exit(0)
        else {
            return "namespaces cannot be made" + (geteuid() == 0 ? "" : " without root")
        }
        return output.isEmpty ? nil : "namespaces do not work: \(output)"
    }
}
