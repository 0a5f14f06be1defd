import Raft
import Testing

@testable import KVStore

@Suite("What nodes ask of each other")
struct AskTests {
    private let partition = PartitionID(7)

    private func started(_ count: Int = 2) throws -> LoopCluster {
        let cluster = LoopCluster(count)
        try cluster.startAll(StoreLoopOptions())
        return cluster
    }

    /// What was replied, call by call.
    private final class Replies {
        var all: [[UInt8]?] = []
    }

    private func ask(_ cluster: LoopCluster, _ bytes: [UInt8], patienceTicks: Int = 50) -> Replies {
        let replies = Replies()
        cluster.loop(1).ask(NodeID(2), about: partition, bytes, patienceTicks: patienceTicks) { replies.all.append($0) }
        return replies
    }

    @Test func aRequestIsAnsweredOnce() throws {
        let cluster = try started()
        defer { cluster.end() }
        cluster.loop(2).requestHandler = { from, partition, bytes, reply in
            #expect(from == NodeID(1))
            #expect(partition == PartitionID(7))
            reply(bytes + [9])
            reply([0])
        }
        let replies = ask(cluster, [8])
        let others = ask(cluster, [7])
        cluster.run(milliseconds: 1_000)
        #expect(replies.all == [[8, 9]])
        #expect(others.all == [[7, 9]])
    }

    @Test func anAnswerMayComeLaterButNotTooLate() throws {
        let cluster = try started()
        defer { cluster.end() }
        var answers: [([UInt8]) -> Void] = []
        cluster.loop(2).requestHandler = { answers.append($3) }
        let replies = ask(cluster, [1], patienceTicks: 10)
        let late = ask(cluster, [2], patienceTicks: 10)
        cluster.run(milliseconds: 50)
        answers[0]([3])
        cluster.run(milliseconds: 100)
        #expect(replies.all == [[3]])
        #expect(late.all == [nil])
        answers[1]([4])
        cluster.run(milliseconds: 100)
        #expect(late.all == [nil])
    }

    @Test func whatIsLostIsGivenUpWhenItsTimeIsOver() throws {
        let cluster = try started()
        defer { cluster.end() }
        cluster.loses = { if case .forwarded = $0 { true } else { false } }
        let replies = ask(cluster, [1], patienceTicks: 20)
        cluster.run(milliseconds: 150)
        #expect(replies.all.isEmpty)
        cluster.run(milliseconds: 100)
        #expect(replies.all == [nil])
    }

    @Test func aLostConnectionEndsTheWaiting() throws {
        let cluster = try started(3)
        defer { cluster.end() }
        cluster.loop(2).requestHandler = { _, _, _, _ in }
        let replies = ask(cluster, [1], patienceTicks: 1_000)
        cluster.run(milliseconds: 20)
        cluster.loop(1).connectionLost(to: NodeID(3))
        #expect(replies.all.isEmpty)
        cluster.loop(1).connectionLost(to: NodeID(2))
        #expect(replies.all == [nil])
    }

    @Test func anotherLifeOfTheProcessKnowsNothingOfWhatWasAsked() throws {
        let cluster = try started()
        defer { cluster.end() }
        let unmet = ask(cluster, [1], patienceTicks: 1_000)
        cluster.loop(1).connected(to: NodeID(2), incarnation: 5)
        #expect(unmet.all.isEmpty, "it may have been asked in this life")
        cluster.loop(1).connected(to: NodeID(2), incarnation: 5)
        #expect(unmet.all.isEmpty)
        cluster.loop(1).connected(to: NodeID(2), incarnation: 6)
        #expect(unmet.all == [nil])
    }

    @Test func theEndOfTheLoopEndsTheWaiting() throws {
        let cluster = try started()
        defer { cluster.end() }
        cluster.loop(2).requestHandler = nil
        let replies = ask(cluster, [1], patienceTicks: 100_000)
        var hasEnded = false
        cluster.loop(1).end { hasEnded = true }
        cluster.run(milliseconds: 5_000)
        #expect(hasEnded)
        #expect(replies.all == [nil])
        #expect(ask(cluster, [2]).all == [nil])
    }

    @Test func whoServesAnotherNodeIsToldForWhichRequest() throws {
        let cluster = try started(3)
        defer { cluster.end() }
        cluster.create(partition)
        var told: [UInt64: [(String, TracedWork)]] = [:]
        for id in cluster.ids.map(\.rawValue) {
            cluster.loop(id).onTraced = { told[id, default: []].append(($0, $1)) }
        }
        #expect(cluster.run(milliseconds: 5_000) { cluster.loop(1).store.leader(of: partition) != nil })
        let leader = try #require(cluster.loop(1).store.leader(of: partition))
        let asker = try #require(cluster.ids.first { $0 != leader })
        var answer: ExecutionAnswer?
        cluster.loop(asker.rawValue).execute(on: partition, patience: .seconds(5), trace: "r-1") {
            answer = $0
        } operations: { _ in
            [.put(key: [1], value: [2])]
        }
        #expect(cluster.run(milliseconds: 5_000) { answer != nil })
        #expect(answer == .decided(.applied))
        cluster.loop(asker.rawValue).ask(leader, about: partition, [1], patienceTicks: 1, trace: "r-2") { _ in }
        cluster.loop(asker.rawValue).withTrace("r-3") {
            cluster.loop(asker.rawValue).ask(leader, about: partition, [1], patienceTicks: 1) { _ in }
        }
        cluster.loop(asker.rawValue).ask(leader, about: partition, [1], patienceTicks: 1) { _ in }
        cluster.run(milliseconds: 100)
        let work = told[leader.rawValue] ?? []
        #expect(work.map(\.0) == ["r-1", "r-2", "r-3"])
        #expect(work.map(\.1.kind) == [.command(partition), .request(partition), .request(partition)])
        #expect(work.allSatisfy { $0.1.from == asker })
        #expect(told.count == 1)
    }
}
