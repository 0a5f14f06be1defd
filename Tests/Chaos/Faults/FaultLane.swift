/// One fault after the other, until the time is over.
///
/// Kinds are dealt as cards are: none comes again before all have come, in an order that the seed decides. One that does not
/// take hold, since there is no leader or nobody can be reached, comes once more behind the next.
struct FaultLane {
    let cluster: Cluster
    let book: FaultBook
    let isOver: @Sendable () -> Bool
    private let kinds: [FaultKind]
    private var deck: [FaultKind] = []
    var dice: Dice

    init(
        _ kinds: [FaultKind],
        _ cluster: Cluster,
        _ book: FaultBook,
        dice: Dice,
        until isOver: @escaping @Sendable () -> Bool
    ) {
        self.kinds = kinds
        self.cluster = cluster
        self.book = book
        self.dice = dice
        self.isOver = isOver
    }

    mutating func run() async throws {
        guard !kinds.isEmpty else { return }
        while await hold(dice.milliseconds(300...1_500)) {
            if deck.isEmpty {
                deck = kinds
                dice.shuffle(&deck)
            }
            let kind = deck.removeLast()
            let times = book.count(kind)
            switch kind.lane {
            case .processes: try await harmProcesses(kind)
            case .networks: try await harmNetworks(kind)
            }
            if book.count(kind) == times { deck.insert(kind, at: max(0, deck.count - 1)) }
        }
    }

    /// Lets time pass; false when it is over.
    @discardableResult
    func hold(_ time: Duration) async -> Bool { await pause(time, unless: isOver) && !isOver() }

    /// Notes a fault for as long as the body runs.
    func noting(_ kind: FaultKind, _ what: String, _ body: () async throws -> Void) async rethrows {
        let place = book.began(kind, what)
        defer { book.ended(place) }
        try await body()
    }

    /// A node to harm: half of the time one that leads, since that hurts most.
    mutating func victim() async -> Int {
        let any = dice.pick(Cluster.nodes)
        guard dice.percent(50) else { return any }
        return await cluster.leader() ?? any
    }
}
