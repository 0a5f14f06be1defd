import API
import Domain
import GalaNode
import IDGen
import KVStore
import ServiceLifecycle

extension Server {
    /// What stands on the store's transactions.
    struct PlatformParts {
        let users: UserAccounts
        /// Wallets, events, donations.
        let money: Platform
        /// What is to run as long as the process: the ids' lease, the log of ended tokens, the chores.
        let services: [any Service]
    }

    /// Puts the platform onto a store.
    static func platform(_ database: Database) -> PlatformParts {
        let clock = SystemClock()
        let ids = SnowflakeSource(
            database,
            SnowflakeSource.Surroundings(
                now: { clock.now },
                sleep: { try await Task.sleep(for: $0) }
            )
        )
        let services = Services(database: database, ids: ids)
        let users = UserAccounts(services)
        let money = Platform(services, gateway: SandboxGateway(), organizers: Organizations(services))
        return PlatformParts(
            users: users,
            money: money,
            services: [LeaseKeeper(source: ids), users.revocations, money.chores]
        )
    }
}

/// Renews the lease of ids ahead, until graceful shutdown.
private struct LeaseKeeper: Service {
    let source: SnowflakeSource

    func run() async throws {
        await cancelWhenGracefulShutdown { await source.keepLease() }
    }
}
