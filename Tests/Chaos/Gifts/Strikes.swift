/// Kills nodes in turn, each while a crowd is at work, and starts them again.
///
///     node 2, node 1, node 3, all at once, node 3, node 2, node 1, all at once, …
struct Strikes {
    private let cluster: Cluster
    private let book: FaultBook
    private var dice: Dice
    private var order: [[Int]] = []
    private static let patience = Duration.seconds(60)
    private static let untilAnyAnswer = Duration.seconds(20)

    init(_ cluster: Cluster, _ book: FaultBook, _ dice: Dice) {
        self.cluster = cluster
        self.book = book
        self.dice = dice
    }

    /// Lets a crowd work, kills whoever's turn it is once some of them have been answered, and waits until all is well.
    ///
    /// - Parameters:
    ///   - answered: How many have been answered so far.
    ///   - expected: How many will have been.
    mutating func during(
        answered: Counter,
        of expected: Int,
        _ work: @escaping @Sendable () async throws -> Void
    ) async throws {
        let isDone = Latch()
        let moment = answered.count + dice.below(max(1, expected * 2 / 3))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { isDone.set() }
                try await work()
            }
            let limit = ContinuousClock.now + Self.untilAnyAnswer
            while answered.count < moment, !isDone.isSet, ContinuousClock.now < limit, !Interruption.isRequested {
                try? await Task.sleep(for: .milliseconds(1))
            }
            try await strike()
            try await group.waitForAll()
        }
        guard await cluster.isReady(within: Self.patience) || Interruption.isRequested else {
            let evidence = await cluster.keepEvidence()
            throw Violation("not every node became ready within a minute after a node was killed; \(evidence)")
        }
    }

    private mutating func strike() async throws {
        if order.isEmpty {
            var nodes = Cluster.nodes
            dice.shuffle(&nodes)
            order = [Cluster.nodes] + nodes.map { [$0] }
        }
        let victims = order.removeLast()
        let time = dice.milliseconds(0...2_000)
        let isAll = victims.count == Cluster.nodes.count
        let place = book.began(isAll ? .killAll : .kill, "nodes \(victims.map(String.init).joined(separator: ", "))")
        defer { book.ended(place) }
        for node in victims { await cluster.process(of: node).kill() }
        await pause(time)
        for node in victims { try await cluster.process(of: node).start() }
    }
}
