public import Glibc
internal import KVStore
public import Logging
public import Raft

/// A node at work: its loop on a thread of its own, its files, and its connections to the others.
///
///     start ──▶ opens and recovers what is on the disk ──▶ listens ──▶ ticks, calls its peers
///     stop  ──▶ hands leaderships over, writes everything ──▶ says goodbye ──▶ ends its threads
///
/// What ends the store ends the process: it is logged, with what to do, and `terminate` is called. Whatever was asked
/// and not answered by then may have happened or not.
public final class Node: Sendable {
    /// Its id.
    public let id: NodeID
    /// Where other nodes can call it.
    public let address: NodeAddress
    /// Which life of its process this is.
    public let incarnation: UInt64

    let thread: LoopThread
    let seat: LoopSeat
    let transport: Transport
    let attempts: AttemptCounter
    private let counters: NodeCounters
    private let failures: Monitor<[PeerFailure]>
    private let progress: Monitor<Progress>
    private let logger: Logger

    private enum Progress {
        case running
        case ending
    }

    /// A connection that did not come about, or was given up.
    public struct PeerFailure: Hashable, Sendable {
        /// The node on the other side, where that is known.
        public let peer: NodeID?
        /// Why.
        public let reason: ConnectionFailure
    }

    /// The exit code of a process whose store has failed.
    public static let failureCode: Int32 = 70
    private static let keptFailures = 32

    /// Starts a node.
    ///
    /// - Parameter terminate: Ends the process, with this exit code, after the store has failed: as a rule at once,
    ///   since destructors that run beside threads at work may hang.
    /// - Throws: ``NodeStartFailure``, upon which nothing runs.
    public static func start(
        _ configuration: NodeConfiguration,
        logger: Logger,
        terminate: @escaping @Sendable (Int32) -> Void = { _exit($0) }
    ) async throws(NodeStartFailure) -> Node {
        try await start(configuration, logger: logger, terminate: terminate) { counters in
            DirectoryStorage(directory: configuration.directory, engine: configuration.engine, counters: counters)
        }
    }

    /// Starts a node on other files than those of its directory, such as fail when they are told to.
    static func start(
        _ configuration: NodeConfiguration,
        logger: Logger,
        terminate: @escaping @Sendable (Int32) -> Void,
        storage: @escaping @Sendable (NodeCounters) -> any NodeStorage
    ) async throws(NodeStartFailure) -> Node {
        try configuration.validate()
        var logger = logger
        logger[metadataKey: "node"] = "\(configuration.node)"
        let parts = Parts(configuration, logger)
        let incarnation: UInt64
        do throws(StoreLoopError) {
            incarnation = try await parts.openStore(storage, terminate: terminate)
        } catch {
            await parts.end()
            throw .store(error)
        }
        do throws(NodeStartFailure) {
            let address = try await parts.transport.start(
                configuration.listen,
                incarnation: incarnation,
                events: parts.events
            )
            logger.notice("the node listens", metadata: ["address": "\(address)"])
            return Node(parts, address: address, incarnation: incarnation)
        } catch {
            await parts.end()
            throw error
        }
    }

    private init(_ parts: Parts, address: NodeAddress, incarnation: UInt64) {
        id = parts.configuration.node
        self.address = address
        self.incarnation = incarnation
        attempts = AttemptCounter(incarnation: incarnation)
        thread = parts.thread
        seat = parts.seat
        transport = parts.transport
        counters = parts.counters
        failures = parts.failures
        logger = parts.logger
        progress = Monitor(.running)
    }

    /// What the node has counted since it started.
    public var metrics: NodeMetrics { counters.snapshot }

    /// The last connections that did not come about, or were given up; the newest last.
    public var recentFailures: [PeerFailure] { failures.withLock { $0 } }

    /// From now on a peer is called at another address.
    public func setAddress(_ address: NodeAddress, of peer: NodeID) { transport.setAddress(address, of: peer) }

    // MARK: The end

    /// Ends in good order: hands leaderships over, writes what is in memory, says goodbye to the others, and waits until
    /// all of that is done. A second call returns at once.
    public func stop() async {
        guard beginEnding() else { return }
        logger.notice("the node stops")
        // A store that has failed meanwhile has nothing left to end.
        _ = try? await asking { (loop, reply: @escaping (Bool) -> Void) in loop.end { reply(true) } }
        await transport.stop()
        await endThreads()
        logger.notice("the node has stopped")
    }

    /// Ends as if the process had died: no handing over, no goodbye.
    func abandon() async {
        guard beginEnding() else { return }
        await transport.abandon()
        await endThreads()
    }

    private func beginEnding() -> Bool {
        progress.withLock { progress in
            defer { progress = .ending }
            if case .running = progress { return true }
            return false
        }
    }

    private func endThreads() async {
        thread.enqueue { [seat] in seat.leave() }
        await thread.ended()
    }

    // MARK: The parts

    /// What a node is put together from, while it starts.
    private struct Parts: Sendable {
        let configuration: NodeConfiguration
        let logger: Logger
        let counters = NodeCounters()
        let entropy = SystemEntropy()
        let seat = LoopSeat()
        let failures = Monitor<[PeerFailure]>([])
        let thread: LoopThread
        let transport: Transport

        init(_ configuration: NodeConfiguration, _ logger: Logger) {
            self.configuration = configuration
            self.logger = logger
            thread = LoopThread(name: "node-\(configuration.node)", counters: counters)
            transport = Transport(
                cluster: configuration.cluster,
                node: configuration.node,
                peers: configuration.peers,
                security: configuration.security,
                options: configuration.transport,
                entropy: entropy,
                counters: counters,
                logger: logger
            )
        }

        /// Opens the store on the loop's thread, where it stays.
        func openStore(
            _ storage: @escaping @Sendable (NodeCounters) -> any NodeStorage,
            terminate: @escaping @Sendable (Int32) -> Void
        ) async throws(StoreLoopError) -> UInt64 {
            let result: Result<UInt64, StoreLoopError> = await withCheckedContinuation { continuation in
                thread.enqueue {
                    continuation.resume(
                        returning: Result { () throws(StoreLoopError) in
                            try sit(on: storage(counters), terminate: terminate)
                        }
                    )
                }
            }
            return try result.get()
        }

        private func sit(
            on storage: any NodeStorage,
            terminate: @escaping @Sendable (Int32) -> Void
        ) throws(StoreLoopError) -> UInt64 {
            let start = monotonicNanoseconds()
            let environment = Environment(
                clock: SystemClock(),
                calendar: SystemCalendar(),
                entropy: entropy,
                executor: thread,
                network: transport,
                storage: storage
            )
            let loop = try StoreLoop(
                node: configuration.node,
                peers: configuration.peers.keys.sorted(),
                environment: environment,
                options: configuration.loop
            ) { [logger] notice in
                logger.info("\(notice.notice)", metadata: ["partition": "\(notice.partition)"])
            } onFailure: { [logger, seat] error in
                logger.critical("the store has failed, the process ends", metadata: error.advice)
                // Where the process does go on, those who wait learn that nobody knows.
                terminate(Node.failureCode)
                seat.leave()
            }
            loop.onTraced = { [logger] trace, work in
                logger.debug("served for another node", metadata: ["requestId": "\(trace)", "work": "\(work)"])
            }
            seat.sit(loop)
            tell(loop, took: .nanoseconds(Int64(monotonicNanoseconds() - start)))
            return loop.incarnation
        }

        private func tell(_ loop: StoreLoop, took time: Duration) {
            logger.notice(
                "the store is open",
                metadata: [
                    "partitions": "\(loop.store.partitions.count)",
                    "log": "\(loop.store.logBytes) bytes",
                    "took": "\(time.nanoseconds / 1_000_000) ms",
                ]
            )
            for failure in loop.store.recovery.failures {
                logger.error(
                    "a replica does not run",
                    metadata: ["partition": "\(failure.partition)", "why": "\(failure.reason)"]
                )
            }
            if loop.store.recovery.mayMissReplicas {
                logger.error("the log is damaged; there may have been replicas that nobody knows of any more")
            }
        }

        var events: TransportEvents {
            TransportEvents { [thread, seat] peer, incarnation in
                thread.enqueue { seat.loop?.connected(to: peer, incarnation: incarnation) }
            } lost: { [thread, seat] peer in
                thread.enqueue { seat.loop?.connectionLost(to: peer) }
            } received: { [thread, seat] messages, done in
                thread.enqueue {
                    seat.loop?.receive(messages)
                    done()
                }
            } failed: { [failures] peer, reason in
                failures.withLock { failures in
                    if failures.count == Node.keptFailures { failures.removeFirst() }
                    failures.append(PeerFailure(peer: peer, reason: reason))
                }
            }
        }

        func end() async {
            await transport.abandon()
            thread.enqueue { [seat] in seat.leave() }
            await thread.ended()
        }
    }
}

extension LoopThread {
    /// Ends the loop without holding up the caller's thread.
    func ended() async {
        await withCheckedContinuation { continuation in
            // Nobody has to wait for this thread: its last act is the word that it is done.
            NamedThread.detached("loop-end") {
                self.end()
                continuation.resume()
            }
        }
    }
}

extension StoreError {
    /// What happened and what to do, for an operator.
    fileprivate var advice: Logger.Metadata {
        let advice =
            switch self {
            case .log: "check the disk of the data directory, then start the node again: it recovers what is durable"
            case .stateMachine: "start the node again; if it fails again, leave it stopped and keep its data"
            case .engine: "check the disk and the room on it, then start the node again: the log has everything"
            }
        return ["why": "\(self)", "next": "\(advice)"]
    }
}
