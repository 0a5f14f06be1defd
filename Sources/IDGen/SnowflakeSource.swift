public import Domain
public import KVStore

/// Mints ids for a whole process: one minter, and a lease that is renewed ahead.
///
/// Its time is cluster time at the last grant, and what a clock that only goes forward has counted since. Ids are
/// unique whatever that clock does; only their order in time leans on it.
public actor SnowflakeSource: IdentifierSource {
    /// What it needs of its process.
    public struct Surroundings: Sendable {
        /// A clock that only goes forward.
        public let now: @Sendable () -> MonotonicTime
        /// Returns after that long.
        public let sleep: @Sendable (Duration) async throws -> Void

        /// Puts them together.
        public init(
            now: @escaping @Sendable () -> MonotonicTime,
            sleep: @escaping @Sendable (Duration) async throws -> Void
        ) {
            self.now = now
            self.sleep = sleep
        }
    }

    /// The most ids that are minted at once.
    public static let mostAtOnce = 10_000

    private let leases: WorkerLeases
    private let length: Duration
    private let surroundings: Surroundings
    private var minter: SnowflakeMinter?
    private var grantedAt: (milliseconds: UInt64, clock: MonotonicTime) = (0, .zero)
    private var isRenewing = false
    private var waiting: [CheckedContinuation<Void, any Error>] = []

    /// Mints from leases of a store.
    ///
    /// - Parameter leaseLength: How long a lease lasts; it is renewed after half of it.
    public init(_ database: Database, leaseLength: Duration = .seconds(60), _ surroundings: Surroundings) {
        leases = WorkerLeases(database, length: leaseLength)
        length = leaseLength
        self.surroundings = surroundings
    }

    /// As many new ids as asked for, each greater than all that this source has minted before.
    ///
    /// - Throws: what the store throws where a lease is needed and none is to be had.
    public func mint(_ count: Int) async throws -> [UInt64] {
        precondition((1...Self.mostAtOnce).contains(count), "as many ids as a caller may ask for")
        var ids: [SnowflakeID] = []
        ids.reserveCapacity(count)
        while true {
            let shortage = minter == nil ? .leaseIsOver : minter?.mint(upTo: count, into: &ids, at: milliseconds)
            switch shortage {
            case nil: return ids.map(\.rawValue)
            case .waitForNextMillisecond: try await surroundings.sleep(.milliseconds(1))
            case .leaseIsOver: try await renewOrWait()
            }
        }
    }

    /// Renews the lease ahead, until the task is cancelled. Failures are tried again: ids can be minted meanwhile, as
    /// long as the lease lasts.
    public func keepLease() async {
        while !Task.isCancelled {
            let left = minter?.millisecondsLeft(at: milliseconds) ?? 0
            let wanted = length / 2 - (length - .milliseconds(Int64(left)))
            do {
                if wanted > .zero { try await surroundings.sleep(wanted) }
                try await renewOrWait()
            } catch {
                do { try await surroundings.sleep(.seconds(1)) } catch { return }
            }
        }
    }

    /// Cluster time, as far as is known.
    private var milliseconds: UInt64 {
        let elapsed = max(.zero, surroundings.now() - grantedAt.clock)
        return grantedAt.milliseconds + UInt64(elapsed.nanoseconds / 1_000_000)
    }

    /// One asks for a lease; those who need it meanwhile wait for what comes of it, and fail with it.
    private func renewOrWait() async throws {
        if isRenewing { return try await withCheckedThrowingContinuation { waiting.append($0) } }
        isRenewing = true
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await renew()) } catch { outcome = .failure(error) }
        isRenewing = false
        let callers = waiting
        waiting = []
        for caller in callers { caller.resume(with: outcome) }
        try outcome.get()
    }

    private func renew() async throws {
        if let lease = minter?.lease, let grant = try await leases.renew(lease) {
            minter?.renew(grant.lease)
            grantedAt = (grant.milliseconds, surroundings.now())
            return
        }
        let grant = try await leases.grant()
        minter = SnowflakeMinter(grant.lease)
        grantedAt = (grant.milliseconds, surroundings.now())
    }
}
