import Raft
import RaftScripts
import Testing

/// Findings that need time and several replicas.
@Suite("Review: simulations")
struct ReviewSimulations {
    /// `size` voters; the leader 1 dies and all others see it. Messages and writes take `latency` ticks each. Returns
    /// after how many ticks somebody leads, and how many terms were used up.
    static func failover(of size: UInt64, latency: Int, seed: UInt64) -> (ticks: Int, terms: UInt64)? {
        var options = RaftOptions()
        options.electionTicks = 50
        options.heartbeatTicks = 5
        var replicas: [UInt64: Replica] = [:]
        for id: UInt64 in 2...size {
            var replica = Replica(
                id,
                Configuration(voters: (1...size).map { NodeID($0) }),
                options: options,
                seed: seed &* 100 &+ id
            )
            replica.receive(.heartbeat(), from: 1, term: 1)
            replica.sync()
            replica.sent.removeAll()
            replicas[id] = replica
        }
        var wire: [(at: Int, envelope: Envelope)] = []
        var disks: [(at: Int, id: UInt64, write: PersistID)] = []
        for now in 0..<400 {
            for id: UInt64 in 2...size {
                if now == 0 {
                    replicas[id]!.core.connectionLost(to: NodeID(1))
                } else {
                    replicas[id]!.core.tick()
                }
                let arrived = wire.filter { $0.at <= now && $0.envelope.to == NodeID(id) }
                wire.removeAll { $0.at <= now && $0.envelope.to == NodeID(id) }
                for message in arrived { replicas[id]!.core.step(message.envelope) }
                for disk in disks where disk.at <= now && disk.id == id {
                    replicas[id]!.core.persisted(through: disk.write)
                }
                disks.removeAll { $0.at <= now && $0.id == id }
                let sent = replicas[id]!.takeSent()
                for envelope in sent where envelope.to != NodeID(1) { wire.append((now + latency, envelope)) }
                for write in replicas[id]!.writes { disks.append((now + latency, id, write.id)) }
                replicas[id]!.writes.removeAll()
                if replicas[id]!.core.role == .leader { return (now, replicas[id]!.core.term.rawValue) }
            }
        }
        return nil
    }

    @Test("B: an early failover ends in a few round trips, with slow disks and long ways too")
    func earlyFailover() {
        for (size, latency) in [3, 5, 7].flatMap({ size in [1, 2].map { (UInt64(size), $0) } }) {
            var ticks: [Int] = []
            var terms: [UInt64] = []
            for seed: UInt64 in 1...40 {
                let outcome = Self.failover(of: size, latency: latency, seed: seed)
                ticks.append(outcome?.ticks ?? 999)
                terms.append(outcome?.terms ?? 0)
            }
            ticks.sort()
            terms.sort()
            print(
                "\(size) voters, latency \(latency): ticks median \(ticks[20]) max \(ticks[39]); terms median \(terms[20]) max \(terms[39])"
            )
            #expect(ticks[20] <= 6 * latency + 10, "\(size) voters, latency \(latency)")
        }
    }

    private func ticksToLeader(_ options: String) throws -> Int {
        for ticks in 1...100 {
            let text = """
                # A leader's process dies and starts anew at once; the others are told that its node is back.

                > nodes 3 leases \(options)
                > quietly tick * 10
                > elect 1
                > quietly run 12
                > crash 1
                > restart 1
                > node-returned 2 1
                > node-returned 3 1
                > quietly run \(ticks)
                > status

                """
            if try Script(parsing: text).run().text.contains("leader term 2") { return ticks }
        }
        return 999
    }

    @Test("C: failover of a group that sleeps is no slower when the leader's process starts anew, with leases")
    func sleepingGroupWithLeasesRestarts() throws {
        let asleep = try ticksToLeader("quiesce 4")
        let awake = try ticksToLeader("")
        print("restart of a leader with leases: asleep \(asleep) ticks, awake \(awake) ticks")
        #expect(asleep <= 2 * 10, "an awake group needs two election time-outs at most")
    }

    private func afterRestarts(_ options: String) throws -> String {
        var text = """
            # A leader's process that dies again and again, each time before it can stand.

            > nodes 3 leases \(options)
            > quietly tick * 10
            > elect 1
            > quietly run 12

            """
        for _ in 0..<20 {
            text += "> crash 1\n> restart 1\n> node-returned 2 1\n> node-returned 3 1\n> quietly run 8\n"
        }
        text += "> status\n"
        return try Script(parsing: text).run().text
    }

    @Test("C: a sleeping group with leases does not wait for a leader that starts anew again and again")
    func sleepingGroupAndRestartLoop() throws {
        #expect(try afterRestarts("").contains("leader term"), "awake, the others elect")
        let asleep = try afterRestarts("quiesce 4")
        print(asleep.split(separator: "\n").suffix(3).joined(separator: "\n"))
        #expect(asleep.contains("leader term"), "asleep, they sleep on")
    }

    @Test("D: giving up many reads at once does not take longer than an election time-out")
    func cancellingManyReads() throws {
        var leader = Replica(1)
        leader.lead(votes: [2])
        leader.acknowledge(2)
        leader.settle()
        for token: UInt64 in 1...10_000 {
            try leader.core.requestRead(ReadToken(token))
            if token == 3_000 || token == 6_000 { leader.settle() }
        }
        let clock = ContinuousClock()
        let time = clock.measure {
            for token: UInt64 in 1...10_000 { leader.core.cancelRead(ReadToken(token)) }
        }
        print("10000 cancellations: \(time)")
        #expect(time < .milliseconds(100))
    }
}
