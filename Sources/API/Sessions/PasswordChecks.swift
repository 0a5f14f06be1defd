internal import NIOPosix
internal import Synchronization

/// Checks and hashes passwords on threads of its own, few at a time, since each takes 128 MiB; past a short queue it says no.
public final class PasswordChecks: Sendable {
    private let threads: NIOThreadPool
    private let waitingLimit: Int
    private let cost: ScryptCost
    private let waiting = Atomic(0)

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - concurrent: How many passwords are checked at once; memory is 128 MiB times this.
    ///   - waitingLimit: How many may be waiting or being checked before more are refused.
    public convenience init(concurrent: Int = 2, waitingLimit: Int = 32) {
        self.init(concurrent: concurrent, waitingLimit: waitingLimit, cost: .standard)
    }

    init(concurrent: Int, waitingLimit: Int = 32, cost: ScryptCost) {
        self.cost = cost
        threads = NIOThreadPool(numberOfThreads: concurrent)
        self.waitingLimit = waitingLimit
        threads.start()
    }

    /// Ends the threads; what is waiting is refused.
    public func shutDown() async throws { try await threads.shutdownGracefully() }

    /// Whether the password is the one; throws where too many are waiting.
    func isRight(_ password: String, for hash: PasswordHash) async throws -> Bool {
        try await work { hash.matches(password) }
    }

    /// A password as it is to be kept; throws where too many are waiting.
    func hash(_ password: String) async throws -> PasswordHash {
        let cost = cost
        return try await work { PasswordHash.of(password, cost: cost) }
    }

    private func work<Answer: Sendable>(_ body: @escaping @Sendable () -> Answer?) async throws -> Answer {
        let (_, ahead) = waiting.add(1, ordering: .relaxed)
        defer { waiting.subtract(1, ordering: .relaxed) }
        guard ahead <= waitingLimit else { throw Problem.overloaded("Too many are logging in.") }
        guard let answer = try await threads.runIfActive(body) else {
            throw Problem.overloaded("There is no memory to check a password.")
        }
        return answer
    }
}
