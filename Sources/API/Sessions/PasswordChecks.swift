internal import NIOPosix
internal import Synchronization

/// Checks passwords on threads of its own, few at a time, since each takes 128 MiB; past a short queue it says no.
public final class PasswordChecks: Sendable {
    private let threads: NIOThreadPool
    private let waitingLimit: Int
    private let waiting = Atomic(0)

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - concurrent: How many passwords are checked at once; memory is 128 MiB times this.
    ///   - waitingLimit: How many may be waiting or being checked before more are refused.
    public init(concurrent: Int = 2, waitingLimit: Int = 32) {
        threads = NIOThreadPool(numberOfThreads: concurrent)
        self.waitingLimit = waitingLimit
        threads.start()
    }

    /// Ends the threads; what is waiting is refused.
    public func shutDown() async throws { try await threads.shutdownGracefully() }

    /// Whether the password is the one; throws where too many are waiting.
    func isRight(_ password: String, for hash: PasswordHash) async throws -> Bool {
        let (_, ahead) = waiting.add(1, ordering: .relaxed)
        defer { waiting.subtract(1, ordering: .relaxed) }
        guard ahead <= waitingLimit else { throw Problem.overloaded("Too many are logging in.") }
        let answer = try await threads.runIfActive { hash.matches(password) }
        guard let answer else { throw Problem.overloaded("There is no memory to check a password.") }
        return answer
    }
}
