import Raft
import Testing

@testable import KVStore

@Suite("Coordinator")
struct CoordinatorTests {
    private static let left = PartitionID(1)
    private static let right = PartitionID(2)
    private static let moved = PartitionResponse.moved(to: nil, mayHappen: false)

    private func begun(_ texts: String..., locked: String? = nil) -> (Coordinator, [Coordinator.Action]) {
        let draft = TransactionDraft(changes: texts.map { .init(key: bytes($0), .put([])) })
        var attempt = TransactionAttempt(id: 7, age: age(1))
        if let locked {
            attempt.primary = bytes(locked)
            attempt.locked = [bytes(locked)]
        }
        var coordinator = Coordinator(draft, attempt)
        let shares = TwoPartitions().shares(of: draft, attempt) ?? []
        let home = TwoPartitions().descriptor(of: Coordinator.primary(of: draft, attempt))?.id ?? Self.left
        let actions = coordinator.begin(shares, home: home, mintedAt: LogIndex(3), expires: 50, deadline: 1_000)
        return (coordinator, actions)
    }

    private struct TwoPartitions: PartitionRouting {
        private let left = PartitionDescriptor(
            id: CoordinatorTests.left,
            range: KeyRange([], bytes("m")),
            epoch: 1
        )
        private let right = PartitionDescriptor(
            id: CoordinatorTests.right,
            range: KeyRange(bytes("m"), bytes("~")),
            epoch: 4
        )

        func descriptor(of key: [UInt8]) -> PartitionDescriptor? { left.range.contains(key) ? left : right }

        func descriptors(of range: KeyRange) -> [(descriptor: PartitionDescriptor, part: KeyRange)]? {
            [(descriptor(of: range.lower) ?? left, range)]
        }
    }

    /// Brings a transaction of two partitions to where its commit was sent.
    private func committing() -> Coordinator {
        var (coordinator, _) = begun("a", "x")
        _ = coordinator.answered(.outcome(.prepared), by: Self.left, isCertain: true)
        _ = coordinator.answered(.outcome(.prepared), by: Self.right, isCertain: true)
        _ = coordinator.fetched(9)
        return coordinator
    }

    @Test("Keys of one partition take one round")
    func oneRound() {
        var (coordinator, actions) = begun("b", "a")
        guard case .send(Self.left, .commitOnce(let request))? = actions.only else {
            Issue.record("\(actions)")
            return
        }
        #expect(request.id == 7 && request.epoch == 1 && request.mintedAt == LogIndex(3))
        #expect(
            coordinator.answered(.outcome(.committed(9)), by: Self.left, isCertain: false) == [
                .finish(.committed(9)), .end,
            ]
        )
    }

    @Test(
        "Several partitions prepare at once; the timestamp is fetched when the last one has, the commit goes to the primary"
    )
    func twoPhases() {
        var (coordinator, actions) = begun("x", "a")
        #expect(actions.count == 2)
        #expect(coordinator.answered(.outcome(.prepared), by: Self.right, isCertain: true) == [])
        #expect(coordinator.answered(.outcome(.prepared), by: Self.left, isCertain: true) == [.fetchTimestamp])
        let commit = TransactionCommit(epoch: 1, id: 7, primary: bytes("a"), timestamp: 9, participants: [bytes("x")])
        #expect(coordinator.fetched(9) == [.send(Self.left, .commit(commit))])
        #expect(
            coordinator.answered(.outcome(.committed(9)), by: Self.left, isCertain: true) == [
                .finish(.committed(9)), .send(Self.right, .resolve(7, anchor: bytes("x"), .committed(9))),
            ]
        )
        #expect(
            coordinator.answered(.outcome(.done), by: Self.right, isCertain: true) == [
                .send(Self.left, .settle(7, primary: bytes("a")))
            ]
        )
        #expect(coordinator.answered(.outcome(.done), by: Self.left, isCertain: true) == [.end])
    }

    @Test(
        "A record stays until every participant has carried out what it says",
        arguments: [
            PartitionResponse.outcome(.needsNewerTimestamp(key: bytes("x"))), .outcome(.wrongPartition(epoch: 5)),
            moved,
        ]
    )
    func unresolved(response: PartitionResponse) {
        var coordinator = committing()
        _ = coordinator.answered(.outcome(.committed(9)), by: Self.left, isCertain: true)
        #expect(coordinator.answered(response, by: Self.right, isCertain: true) == [.end])
    }

    @Test("An outcome that comes when time was over is told to participants, and not once more to who asked")
    func lateOutcome() {
        var coordinator = committing()
        #expect(coordinator.timeIsOver() == [.finish(.failed(.unknown))])
        #expect(
            coordinator.answered(.outcome(.committed(9)), by: Self.left, isCertain: true) == [
                .send(Self.right, .resolve(7, anchor: bytes("x"), .committed(9)))
            ]
        )
    }

    @Test(
        "Whatever comes when time was over is told to nobody twice",
        arguments: [PartitionResponse.outcome(.rolledBack), .outcome(.tooLate), .overloaded, moved]
    )
    func lateFailure(response: PartitionResponse) {
        var coordinator = committing()
        _ = coordinator.timeIsOver()
        let actions = coordinator.answered(response, by: Self.left, isCertain: false)
        #expect(!actions.contains { if case .finish = $0 { true } else { false } })
    }

    @Test("A commit whose answer is lost is unknown")
    func lostCommit() {
        var coordinator = committing()
        #expect(
            coordinator.answered(Self.moved, by: Self.left, isCertain: false) == [.finish(.failed(.unknown)), .end]
        )
    }

    @Test("Whoever does not know of all copies has himself barred before he says that nothing has happened")
    func barred() {
        var (coordinator, _) = begun("a")
        #expect(
            coordinator.answered(.timedOut(key: bytes("a")), by: Self.left, isCertain: false) == [
                .send(Self.left, .decide(7, primary: bytes("a"), mustEnd: true))
            ]
        )
        #expect(
            coordinator.answered(.outcome(.rolledBack), by: Self.left, isCertain: true) == [
                .finish(.failed(.conflict(key: bytes("a")))), .end,
            ]
        )
    }

    @Test("A bar that comes too late tells that it has happened")
    func barredTooLate() {
        var (coordinator, _) = begun("a")
        _ = coordinator.answered(Self.moved, by: Self.left, isCertain: false)
        #expect(
            coordinator.answered(.outcome(.committed(9)), by: Self.left, isCertain: true) == [
                .finish(.committed(9)), .end,
            ]
        )
    }

    @Test("A bar of which nothing is heard leaves it unknown")
    func unbarred() {
        var (coordinator, _) = begun("a")
        _ = coordinator.answered(Self.moved, by: Self.left, isCertain: false)
        #expect(
            coordinator.answered(Self.moved, by: Self.left, isCertain: false) == [.finish(.failed(.unknown)), .end]
        )
    }

    @Test("Without doubt about copies nothing needs to be barred")
    func certain() {
        var (coordinator, _) = begun("a")
        #expect(
            coordinator.answered(Self.moved, by: Self.left, isCertain: true) == [.finish(.failed(.noLeader)), .end]
        )
    }

    @Test("Nobody remembering a transaction of one round leaves it unknown")
    func forgotten() {
        var (coordinator, _) = begun("a")
        #expect(coordinator.answered(.expired, by: Self.left, isCertain: false) == [.finish(.failed(.unknown)), .end])
    }

    @Test("A part that cannot be prepared rolls back all that may be, and itself")
    func failedPrepare() {
        var (coordinator, _) = begun("a", "x")
        _ = coordinator.answered(.outcome(.prepared), by: Self.left, isCertain: true)
        let refusal = TransactionOutcome.refused(.checkFailed, key: bytes("x"))
        #expect(
            coordinator.answered(.outcome(refusal), by: Self.right, isCertain: true) == [
                .finish(.failed(.refused(.checkFailed, key: bytes("x")))),
                .send(Self.left, .resolve(7, anchor: bytes("a"), .rolledBack)),
                .send(Self.right, .resolve(7, anchor: bytes("x"), .rolledBack)),
            ]
        )
    }

    @Test("A timestamp that comes after a rollback has begun commits nothing")
    func lateTimestamp() {
        var (coordinator, _) = begun("a", "x")
        _ = coordinator.answered(.outcome(.prepared), by: Self.left, isCertain: true)
        _ = coordinator.answered(.outcome(.prepared), by: Self.right, isCertain: true)
        _ = coordinator.timeIsOver()
        #expect(coordinator.fetched(9) == [])
    }

    @Test("Who has locked a key goes through its record, even if one partition would do")
    func locked() {
        let (_, actions) = begun("b", locked: "a")
        guard case .send(Self.left, .prepare(let prepare))? = actions.only else {
            Issue.record("\(actions)")
            return
        }
        #expect(prepare.primary == bytes("a") && prepare.step == 1)
    }

    @Test("Who gives up says unknown only where a commit was sent")
    func givingUp() {
        var (preparing, _) = begun("a", "x")
        #expect(preparing.giveUp() == [.finish(.failed(.stopping)), .end])
        var committing = committing()
        #expect(committing.giveUp() == [.finish(.failed(.unknown)), .end])
    }
}
