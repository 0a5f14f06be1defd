/// Clients of services that stand on the store, and those services: brought from outside, since a simulated cluster
/// knows nothing but the store.
///
/// Both are asynchronous code as it runs on real machines. Time, chance and threads come from what is handed to them
/// alone: no clock, no task of its own making, no collection without an order that decides anything.
public protocol ServiceWorkload: AnyObject, Sendable {
    /// What runs in each process.
    associatedtype Platform: Sendable

    /// Starts the services in a process that has just begun to serve.
    func start(on node: SimulatedNode) -> Platform

    /// Everything that clients do, up to the last look: before there are faults, until they call
    /// ``SimulatedCluster/opened()``; while there are faults; and when those are over. What must not be and is, they tell
    /// ``SimulatedCluster/fail(_:)``.
    ///
    /// - Throws: where the world ends before them, what ``SimulatedCluster/sleep(_:)`` throws.
    func work(_ cluster: SimulatedCluster<Platform>) async throws
}

/// Why a client has no answer.
public enum NoAnswer: Error, Hashable, Sendable {
    /// Nobody listens there: the request went nowhere.
    case unreachable
    /// The connection broke, or the client has waited for long enough: nobody knows what became of the request.
    case silent
}

/// How a request ended, for the tally of a run.
public enum RequestEnd: Hashable, Sendable {
    /// Its sender knows what became of it.
    case answered
    /// Its sender will learn later, or never.
    case unknown
    /// Nothing became of it.
    case refused
}

/// Makes the workload of a seed.
public typealias ServiceWorkloadMaker = @Sendable (_ seed: UInt64) -> any ServiceWorkload

/// Clients of services among the workloads of a world.
///
/// Safety: everything happens on the one thread on which the world lives; see ``SimulatedExecutor``.
final class ServiceClients<Services: ServiceWorkload>: Workload, @unchecked Sendable {
    private let services: Services
    private let cluster: SimulatedCluster<Services.Platform>
    private(set) var isFinished = false

    init(_ services: Services, _ world: World, _ chance: Chance) {
        self.services = services
        cluster = SimulatedCluster(world, chance) { services.start(on: $0) }
    }

    var tally: WorkloadTally { cluster.tally }
    var isOpening: Bool { !cluster.isOpen }
    var figures: [String: Int] { cluster.figures }

    func begin(_ world: World) {
        cluster.begin { [self] in
            do { try await services.work(cluster) } catch { return }
            isFinished = true
        }
    }

    func finish(_ world: World) { cluster.faultsEnded() }

    func lost(_ process: SimulatedProcess, _ world: World) { cluster.lost(process) }

    func judge(_ world: World) {}

    func end() { cluster.end() }
}

extension ServiceWorkload {
    /// These services among the workloads of a world.
    func clients(in world: World, _ chance: Chance) -> any Workload { ServiceClients(self, world, chance) }
}
