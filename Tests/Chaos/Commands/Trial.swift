import NIOHTTP1

/// A cluster, its clients and its faults, from the beginning to the last read.
struct Trial: Sendable {
    let cluster: Cluster
    let ledger: Ledger
    let book: FaultBook
    let ring: KeyRing

    /// How the cluster came back after the last fault.
    struct Healing {
        /// Until the next acknowledged write; nil if there was none.
        var untilWrite: Duration?
        /// Until every node said that it is ready; nil if that took too long.
        var untilReady: Duration?
        /// Whether every key could be read at the end, from every node.
        var isReadable = false
    }

    private static let patience = Duration.seconds(30)
    private static let calm = Duration.seconds(2)

    func play(
        _ kinds: [FaultKind],
        clients: Int,
        slots: Int,
        meanPause: Duration,
        time: Duration,
        _ dice: inout Dice
    ) async throws -> Healing {
        let faultsEnd = ContinuousClock.now + time
        let isQuiet = Latch()
        let isOver = Latch()
        var crowd: [RegisterClient] = []
        for _ in 0..<clients {
            crowd.append(
                RegisterClient(cluster, ledger, ring, slots: slots, meanPause: meanPause, dice: dice.fork())
            )
        }
        let lanes = FaultKind.Lane.allCases.map { lane in
            FaultLane(kinds.filter { $0.lane == lane }, cluster, book, dice: dice.fork()) {
                ContinuousClock.now >= faultsEnd || isQuiet.isSet
            }
        }
        var healing = Healing()
        var reader = RegisterClient(cluster, ledger, ring, slots: slots, meanPause: .zero, dice: dice.fork())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in crowd {
                group.addTask {
                    var client = client
                    await client.run { isOver.isSet }
                }
            }
            do {
                try await strike(lanes, isQuiet)
                healing = try await heal()
            } catch {
                isOver.set()
                throw error
            }
            await pause(Self.calm)
            isOver.set()
            try await group.waitForAll()
        }
        healing.isReadable = true
        for node in Cluster.nodes where !Interruption.isRequested {
            let isRead = await reader.readAll(from: node, patience: .seconds(60))
            healing.isReadable = healing.isReadable && isRead
        }
        return healing
    }

    private func strike(_ lanes: [FaultLane], _ isQuiet: Latch) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in lanes {
                group.addTask {
                    var lane = lane
                    do {
                        try await lane.run()
                    } catch {
                        isQuiet.set()
                        throw error
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Takes every fault away and waits until all is well.
    private func heal() async throws -> Healing {
        try await cluster.network?.heal()
        for process in cluster.processes {
            await process.resume()
            try await process.start()
        }
        let beganNs = Ledger.now()
        var healing = Healing()
        let end = ContinuousClock.now + Self.patience
        while ContinuousClock.now < end, !Interruption.isRequested {
            if let lastNs = ledger.lastAcknowledgedNs, lastNs > beganNs {
                healing.untilWrite = .nanoseconds(lastNs - beganNs)
                break
            }
            try? await Task.sleep(for: .milliseconds(1))
        }
        if await cluster.isReady(within: Self.patience) { healing.untilReady = .nanoseconds(Ledger.now() - beganNs) }
        for node in Cluster.nodes {
            let path = "/v1/cluster/nodes/\(node)/undrain"
            _ = await cluster.door.ask(cluster.endpoint(of: node), .POST, path, timeout: .seconds(2))
        }
        return healing
    }
}
