import Glibc

/// The system's limit of open files, which bounds connections more than anything else.
enum FileDescriptors {
    /// What the store's files and the connections between nodes may take.
    private static let keptForNode = 1_024

    /// Raises the limit as far as it goes, and returns it.
    static func raiseLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1_024 }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        _ = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }

    /// How many connections can be served with so many open files: some more are accepted, to be turned away.
    static func connections(of descriptors: Int) -> Int {
        descriptors > 2 * keptForNode ? (descriptors - keptForNode) / 11 * 10 : descriptors / 4
    }
}
