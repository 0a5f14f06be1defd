import Glibc
import NIOHTTP1

extension FaultLane {
    mutating func harmProcesses(_ kind: FaultKind) async throws {
        let victim = await victim()
        let process = cluster.process(of: victim)
        switch kind {
        case .kill:
            let time = dice.milliseconds(0...3_000)
            guard await process.kill() else { return }
            try await noting(kind, "node \(victim)") {
                await hold(time)
                try await process.start()
            }
        case .killAll: try await killAll()
        case .pause:
            let time = dice.milliseconds(200...5_000)
            guard await process.pause() else { return }
            await noting(kind, "node \(victim)") {
                await hold(time)
                await process.resume()
            }
        case .restart: try await restart(victim, kind)
        case .rolling: try await roll()
        case .drain: await drain(victim)
        case .transfer: await transfer()
        case .clock: try await turnClock(of: victim)
        case .isolate, .oneWay, .link, .loss, .down, .reset: preconditionFailure("this is no fault of processes")
        }
    }

    /// All at once, as when the power fails.
    private mutating func killAll() async throws {
        let time = dice.milliseconds(0...1_000)
        try await noting(.killAll, "nodes 1 to \(Cluster.nodes.count)") {
            for process in cluster.processes { await process.kill() }
            await hold(time)
            for process in cluster.processes { try await process.start() }
        }
    }

    private mutating func restart(_ node: Int, _ kind: FaultKind) async throws {
        let process = cluster.process(of: node)
        let time = dice.milliseconds(0...500)
        guard await process.runs else { return }
        try await noting(kind, "node \(node)") {
            _ = await process.terminate()
            await hold(time)
            try await process.start()
        }
    }

    /// One after the other, each when the one before serves again, or after a while.
    private mutating func roll() async throws {
        var order = Cluster.nodes
        dice.shuffle(&order)
        try await noting(.rolling, "nodes \(order.map(String.init).joined(separator: ", "))") {
            for node in order where !isOver() {
                _ = await cluster.process(of: node).terminate()
                try await cluster.process(of: node).start()
                _ = await cluster.isReady(node, within: .seconds(5))
            }
        }
    }

    private mutating func drain(_ node: Int) async {
        let time = dice.milliseconds(200...2_000)
        guard await order(node, "/v1/cluster/nodes/\(node)/drain") else { return }
        await noting(.drain, "node \(node)") {
            await hold(time)
            _ = await order(node, "/v1/cluster/nodes/\(node)/undrain")
        }
    }

    /// Hands a partition over, if its leader is known and can.
    private mutating func transfer() async {
        guard let partition = await cluster.view().map({ dice.pick($0.partitions) }),
            let leader = partition.leader.flatMap({ Int($0) })
        else { return }
        let path = "/v1/cluster/partitions/\(partition.id)/transfer-leadership"
        guard await order(leader, path) else { return }
        await noting(.transfer, "partition \(partition.id), from node \(leader)") {}
    }

    private func order(_ node: Int, _ path: String) async -> Bool {
        let outcome = await cluster.door.ask(cluster.endpoint(of: node), .POST, path, timeout: .seconds(2))
        guard case .answer(let answer) = outcome else { return false }
        return answer.status == 204
    }

    /// Turns a node's wall clock by up to an hour either way, and sees in its log that it is turned.
    private mutating func turnClock(of node: Int) async throws {
        let process = cluster.process(of: node)
        let seconds = dice.from(1_800...3_600) * (dice.percent(50) ? 1 : -1)
        let time = dice.milliseconds(500...3_000)
        try FakeClock.set(await process.clockFile, bySeconds: seconds)
        await hold(.milliseconds(1_500))
        if await isTurned(node, bySeconds: seconds) {
            await noting(.clock, "node \(node) by \(seconds) s") { await hold(time) }
        }
        try FakeClock.set(await process.clockFile, bySeconds: 0)
    }

    /// Whether a node has just written a line whose time is as far from the true one as its clock was turned.
    private func isTurned(_ node: Int, bySeconds seconds: Int) async -> Bool {
        // Answering is something to write a line about.
        _ = await cluster.door.ask(cluster.endpoint(of: node), .GET, "/readyz", timeout: .seconds(1))
        let expected = time(nil) + seconds
        return LogTime.newest(20, of: cluster.files.logFile(of: node)).contains { abs($0 - expected) < 60 }
    }
}
