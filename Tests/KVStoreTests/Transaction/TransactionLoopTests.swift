import Raft
import Testing

@testable import KVStore

/// Transactions through three real loops: partitions, oracle, coordinators and participants as they run on machines.
@Suite struct TransactionLoopTests {
    /// Keys of different partitions, if there are four.
    private static let a = OperatorKeys.stored(Array("1/a".utf8))
    private static let b = OperatorKeys.stored(Array("z/b".utf8))
    private static let c = [KeySpace.domain, 0x20, 0x00, 1]
    private static let d = [KeySpace.domain, 0xE0, 0x00, 1]

    private typealias Started = StartedCluster

    @Test func aKeyThatWasWrittenAnywhereIsReadEverywhere() throws {
        let started = try Started()
        for (number, key) in [Self.a, Self.b, Self.c, Self.d].enumerated() {
            let node = UInt64(number % 3 + 1)
            let version = try started.committed([.init(key: key, .put([UInt8(number)]))], at: node)
            for other in 1...3 as ClosedRange<UInt64> {
                #expect(try started.latest(key, at: other) == StoredEntry(.bytes([UInt8(number)]), version: version))
            }
        }
        started.cluster.end()
    }

    @Test func keysOfSeveralPartitionsChangeAtOneMoment() throws {
        let started = try Started()
        let before = try started.timestamp()
        let version = try started.committed([
            .init(key: Self.a, .put([1])), .init(key: Self.b, .put([2])), .init(key: Self.c, .add(.init(7))),
            .init(key: Self.d, .insert([4])),
        ])
        #expect(try started.read([Self.a, Self.b, Self.c, Self.d], at: before) == [nil, nil, nil, nil])
        #expect(
            try started.read([Self.a, Self.b, Self.c, Self.d], at: version, node: 2) == [
                StoredEntry(.bytes([1]), version: version), StoredEntry(.bytes([2]), version: version),
                StoredEntry(.counter(7), version: version), StoredEntry(.bytes([4]), version: version),
            ]
        )
        let counts = started.cluster.loop(1).transactionCounts
        #expect(counts.rounds >= 2 && counts.committed >= 1)
        started.cluster.end()
    }

    /// A page takes a timestamp first, then goes from partition to partition.
    @Test func everyNodeThatAPageIsReadFromHearsForWhichRequest() throws {
        let started = try Started()
        let cluster = started.cluster
        var told: [NodeID: [String]] = [:]
        for id in cluster.ids {
            cluster.loop(id.rawValue).onTraced = { trace, work in
                if case .request = work.kind { told[id, default: []].append(trace) }
            }
        }
        let range = OperatorKeys.range(prefix: [], from: nil)
        var others = 0
        for asker in cluster.ids {
            let loop = cluster.loop(asker.rawValue)
            var page: Result<KeyValuePage, KeyValueError>?
            loop.withTrace("r-\(asker)") {
                loop.page(prefix: [], from: nil, at: nil, limit: 10, .linearizable) { page = $0 }
            }
            #expect(cluster.run(milliseconds: 20_000) { page != nil })
            _ = try #require(page).get()
            for (descriptor, _) in try #require(loop.routing.descriptors(of: range)) {
                let leader = try #require(loop.store.leader(of: descriptor.id))
                if leader == asker { continue }
                others += 1
                #expect(told[leader]?.contains("r-\(asker)") == true)
            }
        }
        #expect(others > 0)
        cluster.end()
    }

    @Test func whatOnePartitionRefusesHappensNowhere() throws {
        let started = try Started()
        _ = try started.committed([.init(key: Self.b, .put([1]))])
        let answer = started.commit(
            TransactionDraft(changes: [.init(key: Self.a, .put([9])), .init(key: Self.b, .insert([9]))])
        )
        #expect(answer == .failure(.refused(.checkFailed, key: Self.b)))
        #expect(try started.latest(Self.a) == nil)
        _ = try started.committed([.init(key: Self.a, .put([3]))])
        started.cluster.end()
    }

    @Test func boundsHoldOverPartitions() throws {
        let started = try Started()
        _ = try started.committed([.init(key: Self.a, .add(.init(5)))])
        let move = { (amount: Int64) in
            started.commit(
                TransactionDraft(changes: [
                    .init(key: Self.a, .add(.init(-amount, floor: 0))), .init(key: Self.c, .add(.init(amount))),
                ])
            )
        }
        #expect(try move(3)?.get() != nil)
        #expect(move(3) == .failure(.refused(.boundReached, key: Self.a)))
        #expect(try started.latest(Self.a)?.content == .counter(2))
        #expect(try started.latest(Self.c)?.content == .counter(3))
        started.cluster.end()
    }

    @Test func whatWasReadMustNotHaveChanged() throws {
        let started = try Started()
        _ = try started.committed([.init(key: Self.a, .put([1]))])
        let start = try started.timestamp()
        _ = try started.committed([.init(key: Self.a, .put([2]))], at: 2)
        for other in [Self.a, Self.b] {
            let answer = started.commit(
                TransactionDraft(start: start, reads: [Self.a], changes: [.init(key: other, .put([3]))])
            )
            #expect(answer == .failure(.conflict(key: Self.a)))
        }
        started.cluster.end()
    }

    @Test func timestampsGoUpWhoeverMintsThem() throws {
        let started = try Started()
        var last = Timestamp.zero
        for round in 0..<4 {
            for node in started.cluster.ids where started.cluster.nodes[node]?.loop != nil {
                let next = try started.timestamp(at: node.rawValue)
                #expect(next > last)
                last = next
            }
            let leader = try #require(
                started.cluster.loop(UInt64(round % 3 + 1)).store.leader(of: StoreLoop.metaPartition)
            )
            started.cluster.node(leader.rawValue).kill()
            try started.cluster.node(leader.rawValue).start(Self.options)
            started.cluster.run(milliseconds: 3_000)
        }
        started.cluster.end()
    }

    @Test func whatWasLostIsAskedAgain() throws {
        let started = try Started()
        let home = try #require(started.cluster.loop(1).routing.partition(of: Self.c))
        let leader = try #require(started.cluster.loop(1).store.leader(of: home))
        let other = try #require(started.cluster.ids.first { $0 != leader })
        var lost = 0
        started.cluster.loses = { message in
            guard lost < 3, case .forwarded(let forwarded) = message, case .request(home, _) = forwarded.content else {
                return false
            }
            lost += 1
            return true
        }
        let began = started.cluster.nanoseconds
        _ = try started.committed([.init(key: Self.c, .put([1]))], at: other.rawValue)
        #expect(lost == 3 && started.cluster.nanoseconds - began < 4_000_000_000)
        #expect(try started.latest(Self.c)?.content == .bytes([1]))
        started.cluster.end()
    }

    /// A leader that was halted, and does not know yet that another leads: what it is asked in that moment it does not
    /// answer from what it has, neither as the latest nor at a timestamp of its own.
    @Test func aStaleLeaderServesNoBalance() throws {
        let started = try Started()
        let cluster = started.cluster
        let balance = Self.c
        _ = try started.committed([.init(key: balance, .add(.init(100)))])
        let home = try #require(cluster.loop(1).routing.partition(of: balance))
        let stale = try #require(cluster.loop(1).store.leader(of: home))
        let others = cluster.ids.filter { $0 != stale }
        cluster.loses = { $0.from == stale || $0.to == stale }
        cluster.run(milliseconds: 2)
        cluster.node(stale.rawValue).halt()
        let haveLeaders = cluster.run(milliseconds: 20_000) {
            [home, StoreLoop.metaPartition].allSatisfy { partition in
                others.contains(cluster.loop(others[0].rawValue).store.leader(of: partition) ?? stale)
            }
        }
        #expect(haveLeaders)
        _ = try started.committed([.init(key: balance, .add(.init(-40)))], at: others[0].rawValue)

        cluster.node(stale.rawValue).goOn()
        let loop = cluster.loop(stale.rawValue)
        #expect(loop.store.leader(of: home) == stale)
        var latest: Result<StoredEntry?, TransactionError>?
        loop.latest(of: balance, patience: .seconds(2)) { latest = $0 }
        var snapshot: Result<[StoredEntry?], TransactionError>?
        loop.timestamp(patience: .seconds(2)) { timestamp in
            switch timestamp {
            case .success(let timestamp):
                loop.entries(of: [balance], at: timestamp, patience: .seconds(2)) { snapshot = $0 }
            case .failure(let error): snapshot = .failure(error)
            }
        }
        cluster.run(milliseconds: 20_000) { latest != nil && snapshot != nil }
        #expect(throws: TransactionError.self) { try latest?.get() }
        #expect(throws: TransactionError.self) { try snapshot?.get() }

        // As soon as it hears from the others it tells what is true.
        cluster.loses = { _ in false }
        #expect(try started.latest(balance, at: stale.rawValue)?.content == .counter(60))
        cluster.end()
    }

    /// What is prepared behind a read commits above it. Behind one in the future it could not.
    @Test(arguments: [Duration?.none, .milliseconds(500), .seconds(3)])
    func nobodyReadsInTheFuture(lead: Duration?) throws {
        let started = try Started()
        _ = try started.timestamp()
        let refused = TransactionError.invalid(FieldError("timestamp", "must not lie in the future"))
        let loop = started.cluster.loop(1)
        let future = lead.map { loop.clusterTime.advanced(by: $0) } ?? .max
        var entries: Result<[StoredEntry?], TransactionError>?
        loop.entries(of: [Self.c], at: future, patience: .seconds(5)) { entries = $0 }
        var page: Result<EntryPage, TransactionError>?
        loop.scan(KeyRange([], Self.c), at: future, limit: ScanLimit(entries: 1), patience: .seconds(5)) { page = $0 }
        started.cluster.run(milliseconds: 20_000) { entries != nil && page != nil }
        #expect(entries == .failure(refused) && page == .failure(refused))
        let moment = try started.committed([.init(key: Self.a, .put([1])), .init(key: Self.c, .put([1]))])
        // Another node has not heard of it yet, and finds that it has been handed out.
        let seen = try started.read([Self.a, Self.c], at: moment, node: 3)
        #expect(seen.map { $0?.content } == [.bytes([1]), .bytes([1])])
        started.cluster.end()
    }

    @Test func everybodyIsGivenATimestampHoweverManyAsk() throws {
        let started = try Started()
        let many = TimestampOracle.mostTimestamps + 5_000
        var given: [Timestamp] = []
        for _ in 0..<many { started.cluster.loop(2).transactions.wantTimestamp { given.append($0) } }
        started.cluster.run(milliseconds: 1_000) { given.count == many }
        #expect(Set(given).count == many)
        var refusal: Result<Timestamp, TransactionError>?
        for _ in 0...TransactionsOptions().maxTimestampCallers {
            started.cluster.loop(2).timestamp(patience: .seconds(1)) { result in
                if case .failure = result { refusal = refusal ?? result }
            }
        }
        #expect(refusal == .failure(.overloaded))
        started.cluster.run(milliseconds: 1_000)
        started.cluster.end()
    }

    @Test func leadersForgetWhatNobodyMayAskForAnyMore() throws {
        var options = Self.options
        options.transactions.collection.waitTicks = 50
        options.transactions.collection.stepTicks = 2
        options.transactions.collection.pieceRows = 3
        options.transactions.collection.retention = .seconds(2)
        options.transactions.collection.recordRetention = .seconds(10)
        let started = try Started(options: options)
        let start = try started.timestamp()
        for value in 0..<10 as Range<UInt8> { _ = try started.committed([.init(key: Self.a, .put([value]))]) }
        // A transaction whose end nobody got to tell to everybody.
        started.cluster.loses = { message in
            guard case .forwarded(let forwarded) = message, case .request(_, let bytes) = forwarded.content else {
                return false
            }
            if case .settle? = try? PartitionRequest(encoded: bytes) { return true } else { return false }
        }
        _ = try started.committed([.init(key: Self.a, .put([99])), .init(key: Self.c, .put([99]))])
        started.cluster.run(milliseconds: 3_000)
        started.cluster.loses = { _ in false }
        started.cluster.run(milliseconds: 40_000)
        var answer: Result<[StoredEntry?], TransactionError>?
        started.cluster.loop(1).entries(of: [Self.b], at: start, patience: .seconds(5)) { answer = $0 }
        started.cluster.run(milliseconds: 20_000) { answer != nil }
        #expect(answer == .failure(.snapshotTooOld))
        #expect(try started.latest(Self.a)?.content == .bytes([99]))
        for id in started.cluster.ids {
            let store = started.cluster.loop(id.rawValue).store
            for partition in store.partitions where partition != StoreLoop.metaPartition {
                let machine = try #require(store.machine(of: partition))
                let keys = machine.reader.keys
                for space in [PartitionKeys.Space.history, PartitionKeys.Space.records] {
                    #expect(try machine.reader.reader.iterator(over: keys.all(space)).seekToFirst() == false)
                }
            }
        }
        started.cluster.end()
    }

    /// An engine goes on after a block that it cannot read: it is the store that has to end, or whoever asks its leader for
    /// that key would never be answered, while other replicas are whole.
    @Test(arguments: [EngineError.corruption("block"), .inputOutput("sector")], [false, true])
    func aLeaderThatCannotReadARowEndsAndAnotherAnswers(failure: EngineError, scans: Bool) throws {
        let started = try Started()
        let cluster = started.cluster
        let version = try started.committed([.init(key: Self.c, .put([1]))])
        let moment = try started.timestamp()
        let home = try #require(cluster.loop(1).routing.partition(of: Self.c))
        let leader = try #require(cluster.loop(1).store.leader(of: home))
        let other = try #require(cluster.ids.first { $0 != leader })
        let broken = cluster.node(leader.rawValue)
        broken.mayFail = true
        let engine = try #require(broken.failing)
        engine.unreadable = (PartitionKeys(home).all(PartitionKeys.Space.current), failure)

        var answer: Result<StoredEntry?, TransactionError>?
        let loop = cluster.loop(other.rawValue)
        if scans {
            let range = KeyRange(Self.c, Self.c + [0])
            loop.scan(range, at: moment, limit: ScanLimit(entries: 1), patience: .seconds(20)) { result in
                answer = result.map { $0.entries.first?.entry }
            }
        } else {
            loop.latest(of: Self.c, patience: .seconds(20)) { answer = $0 }
        }
        #expect(cluster.run(milliseconds: 1_000) { !broken.failures.isEmpty })
        #expect(broken.failures == [.stateMachine(home, .engine(failure))] && answer == nil)
        broken.kill()
        #expect(cluster.run(milliseconds: 20_000) { answer != nil })
        let entry = try #require(answer).get()
        #expect(entry == StoredEntry(.bytes([1]), version: version))
        cluster.end()
    }

    @Test func whatCannotBeReadEndsTheStoreWhoeverReadsIt() throws {
        var options = Self.options
        options.transactions.collection.waitTicks = 10
        options.transactions.collection.longestWaitTicks = 10
        let key = Array("1/a".utf8)
        let spaces = [PartitionKeys.Space.current, PartitionKeys.Space.current, PartitionKeys.Space.records]
        for (reader, space) in spaces.enumerated() {
            let started = try Started(options: options)
            let cluster = started.cluster
            let loop = cluster.loop(1)
            let home = try #require(loop.routing.partition(of: OperatorKeys.stored(key)))
            let leader = try #require(loop.store.leader(of: home))
            // Old values are read wherever they are asked for; records are looked through by the leader.
            let broken = cluster.node(space == PartitionKeys.Space.records ? leader.rawValue : 1)
            broken.mayFail = true
            let engine = try #require(broken.failing)
            // Whoever comes later would find nothing wrong.
            engine.heals = true
            engine.unreadable = (PartitionKeys(home).all(space), .corruption("block"))
            switch reader {
            case 0: loop.value(of: key, .stale) { _ in }
            case 1: loop.page(prefix: key, from: nil, at: nil, limit: 1, .stale) { _ in }
            default: break
            }
            #expect(cluster.run(milliseconds: 5_000) { !broken.failures.isEmpty }, "reader \(reader)")
            #expect(broken.failures == [.stateMachine(home, .engine(.corruption("block")))])
            cluster.end()
        }
    }

    private static var options: StoreLoopOptions {
        var options = StoreLoopOptions()
        options.reservedDiskBytes = 0
        options.criticalDiskBytes = 0
        options.resumeDiskBytes = 0
        options.placement = PlacementOptions()
        return options
    }

    @Test func whatItsCoordinatorLeavesBehindIsFinishedByOthers() throws {
        let started = try Started()
        let cluster = started.cluster
        _ = try started.committed([.init(key: Self.a, .add(.init(10))), .init(key: Self.c, .add(.init(10)))])
        // A node that leads nothing that is needed dies in the midst of it, at every moment of its life.
        for step in 1...12 as ClosedRange<UInt64> {
            let leaders = [Self.a, Self.c].compactMap { key in
                cluster.loop(1).routing.partition(of: key).flatMap { cluster.loop(1).store.leader(of: $0) }
            }
            guard let victim = cluster.ids.first(where: { !leaders.contains($0) }) else { continue }
            let loop = cluster.loop(victim.rawValue)
            var told: Result<Timestamp, TransactionError>?
            loop.commit(
                TransactionDraft(changes: [
                    .init(key: Self.a, .add(.init(-1))), .init(key: Self.c, .add(.init(1))),
                ]),
                loop.transactionAttempt(age: nil),
                patience: .seconds(5)
            ) { told = $0 }
            cluster.run(milliseconds: step) { told != nil }
            cluster.node(victim.rawValue).kill()
            cluster.run(milliseconds: 4_000)
            try cluster.node(victim.rawValue).start(Self.options)
            cluster.run(milliseconds: 2_000)
            // An exclusive use waits until nobody holds anything there any more.
            let start = try started.timestamp()
            let both = try started.read([Self.a, Self.c], at: start)
            let values = both.map { entry in if case .counter(let value)? = entry?.content { value } else { Int64(0) } }
            #expect(values.reduce(0, +) == 20, "step \(step)")
            let check = TransactionDraft(
                checks: [.init(key: Self.a, .exists), .init(key: Self.c, .exists)],
                changes: [.init(key: Self.b, .put([UInt8(step)]))]
            )
            #expect(try started.commit(check)?.get() != nil, "step \(step)")
        }
        cluster.end()
    }
}
