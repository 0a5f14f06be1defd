internal import Raft

@testable internal import KVStore

/// The small worlds that are explored. Each is bounded by its plans, its faults and its grain; what it takes is in
/// `transaction-explorer list`.
extension Scenario {
    static var all: [Scenario] {
        [
            twoWriters, olderWaits, singleReads, lateApplication, readModifyWrite, readOneWriteOther, writeSkew,
            counterRead,
            escrow, escrowAfterTopUp, escrowAbandoned, laterVersions, soldOut, scanAndInsert, scanAndAbsence,
            lockingReaders, unknownOutcome, lostLeader, newLeader, deposedReads, abandonedWriter, failedPrepare,
            movedPartition,
            collectedTombstone, collectedRecords,
        ]
    }

    static func named(_ name: String) -> Scenario? { all.first { $0.name == name } }

    /// The grain for worlds in which it does not matter how long a log takes.
    private static var coarse: Grain {
        var grain = Grain()
        grain.delaysApplying = false
        grain.delaysConfirming = false
        return grain
    }

    private static func make(
        _ name: String,
        _ about: String,
        _ plans: [Plan],
        _ change: (inout Scenario) -> Void = { _ in }
    ) -> Scenario {
        var scenario = Scenario(name, about, plans)
        change(&scenario)
        return scenario
    }

    static var twoWriters: Scenario {
        make(
            "two-writers",
            "two writers of the same two keys in two partitions, and a reader of both",
            [
                .write("V", put("a", "V"), put("x", "V")), .write("W", put("a", "W"), put("x", "W")),
                .snapshot("R", of: "a", "x"),
            ]
        ) {
            $0.oldest = ["V"]
            $0.grain = coarse
        }
    }

    static var olderWaits: Scenario {
        make(
            "older-waits",
            "an older one waits for a younger one at its primary, and somebody waits for it elsewhere",
            [
                .write("V", put("a", "V"), put("x", "V")), .write("U", put("a", "U"), put("y", "U")),
                .write("W", put("x", "W")),
            ]
        ) {
            $0.faults.moments = 1
            $0.oldest = ["V"]
            $0.grain = coarse
        }
    }

    static var singleReads: Scenario {
        make(
            "single-reads",
            "two writes of one round, one of them slow, and two reads of the latest, one after the other",
            [
                .write("V", put("a", "V")), .write("W", put("b", "W")), .latest("R", of: "b"),
                .latest("S", of: "a").following(2), .snapshot("T", of: "a", "b"),
            ]
        )
    }

    static var lateApplication: Scenario {
        make(
            "late-application",
            "a snapshot while a write has its timestamp and is not applied, and a latest read behind it",
            [.write("W", put("a", "W")), .snapshot("R", of: "a"), .latest("S", of: "a").following(1)]
        ) {
            $0.grain.delaysTimestamps = true
        }
    }

    static var readModifyWrite: Scenario {
        make(
            "read-modify-write",
            "two clients append to one key, and try again when the other came between",
            [.append("V", to: "a").retrying(), .append("W", to: "a").retrying(), .latest("R", of: "a")]
        ) {
            $0.grain.delaysApplying = false
        }
    }

    static var readOneWriteOther: Scenario {
        make(
            "read-one-write-other",
            "who reads one key and writes another, with a writer of the first, whose timestamp comes late",
            [
                .write("V", put("b", "V")).reading("a"), .write("W", put("a", "W")),
                .snapshot("R", of: "a", "b").following(0),
            ]
        ) {
            $0.grain.delaysTimestamps = true
            $0.grain.delaysConfirming = false
        }
    }

    static var writeSkew: Scenario {
        make(
            "write-skew",
            "each reads what the other writes, in two partitions",
            [.write("V", put("x", "V")).reading("a"), .write("W", put("a", "W")).reading("x")]
        ) {
            $0.grain.delaysConfirming = false
        }
    }

    static var counterRead: Scenario {
        make(
            "counter-read",
            "one reads a counter and writes a key; the other asks that the key is absent and adds to the counter",
            [
                .write("V", put("x", "V")).reading("c"), .write("W", add(1, to: "c")).checking("x", .isAbsent),
            ]
        ) {
            $0.grain.delaysConfirming = false
        }
    }

    static var escrow: Scenario {
        make(
            "escrow",
            "five are left: one takes five, and puts something elsewhere; one takes one without asking; one reads",
            [
                .write("V", add(-5, to: "c", floor: 0), put("x", "V")), .write("W", add(-1, to: "c")),
                .snapshot("R", of: "c", "x"),
            ]
        ) {
            $0.initial = [add(5, to: "c")]
            $0.grain.delaysConfirming = false
        }
    }

    static var escrowAfterTopUp: Scenario {
        make(
            "escrow-after-top-up",
            "one puts five in, in two partitions; when that was told, one takes five out",
            [
                .write("V", add(5, to: "x"), put("a", "V")),
                .write("W", add(-5, to: "x", floor: 0)).following(0),
            ]
        )
    }

    static var escrowAbandoned: Scenario {
        make(
            "escrow-abandoned",
            "five are left: one takes five and crashes perhaps; when time has passed another takes five",
            [
                .write("V", add(-5, to: "c", floor: 0), put("x", "V")), .write("W", add(-5, to: "c", floor: 0)),
            ]
        ) {
            $0.initial = [add(5, to: "c")]
            $0.faults.crashes = 1
            $0.faults.lapses = 1
            $0.grain = coarse
        }
    }

    static var laterVersions: Scenario {
        make(
            "later-versions",
            "nothing is left: five are put in with something elsewhere, five are taken out by one who has his time already",
            [
                .write("V", add(5, to: "c"), put("x", "V")), .write("W", add(-5, to: "c", floor: 0)),
                .snapshot("R", of: "c"),
            ]
        ) {
            $0.grain.delaysTimestamps = true
            $0.grain.delaysConfirming = false
            $0.initial = [add(0, to: "c")]
        }
    }

    static var soldOut: Scenario {
        make(
            "sold-out",
            "one place is left and two want it, each with an order elsewhere",
            [
                .write("V", add(1, to: "c", ceiling: 1), insert("x", "V")),
                .write("W", add(1, to: "c", ceiling: 1), insert("y", "W")), .snapshot("R", of: "c", "x", "y"),
            ]
        ) {
            $0.grain = coarse
        }
    }

    static var scanAndInsert: Scenario {
        make(
            "scan-and-insert",
            "one scans a range and writes elsewhere, one inserts into the range, one reads both",
            [
                .write("V", put("x", "V")).scanning(from: "a", upTo: "c"), .write("W", insert("b", "W")),
                .snapshot("R", of: "b", "x"),
            ]
        ) {
            $0.grain = coarse
        }
    }

    static var scanAndAbsence: Scenario {
        make(
            "scan-and-delete",
            "one scans a range over both partitions and writes into it, one deletes from it, one scans",
            [
                .write("V", put("b", "V")).scanning(from: "a", upTo: "z"), .write("W", delete("a"), delete("x")),
                .scan("R", from: "a", upTo: "z"),
            ]
        ) {
            $0.initial = [put("a", "0"), put("x", "0")]
            $0.grain = coarse
        }
    }

    static var lockingReaders: Scenario {
        make(
            "locking-readers",
            "two who lock what they read, in opposite orders",
            [.lockAndAppend("V", to: "a", "x").retrying(), .lockAndAppend("W", to: "x", "a").retrying()]
        ) {
            $0.grain = coarse
        }
    }

    static var unknownOutcome: Scenario {
        make(
            "unknown-outcome",
            "one adds in one round and does not hear of it; whatever he is told that nothing has happened, he tries again",
            [.write("V", add(1, to: "c")).retrying(), .latest("R", of: "d")]
        ) {
            $0.faults.resends = 1
            $0.faults.surrenders = 1
            $0.faults.leaders = [1, 0]
        }
    }

    static var lostLeader: Scenario {
        make(
            "lost-leader",
            "a write of one round loses its leader between its timestamp and its entry, others read",
            [.write("V", put("a", "V")), .snapshot("R", of: "a"), .latest("S", of: "a").following(1)]
        ) {
            $0.faults.leaders = [1, 0]
            $0.faults.reproposals = 1
            $0.grain.delaysTimestamps = true
        }
    }

    static var newLeader: Scenario {
        make(
            "new-leader",
            "one reads a key and writes in another partition; the leader changes; another writes the key in one round",
            [.write("V", put("x", "V")).reading("a"), .write("W", put("a", "W")), .snapshot("R", of: "a", "x")]
        ) {
            $0.faults.leaders = [1, 0]
            $0.faults.lag = 1
            $0.grain.delaysTimestamps = true
            $0.grain.delaysConfirming = false
        }
    }

    static var deposedReads: Scenario {
        make(
            "deposed-reads",
            "a leader that was deposed and does not know it is read from",
            [.write("V", put("a", "V")), .latest("R", of: "a").following(0), .snapshot("S", of: "a").following(0)]
        ) {
            $0.faults.leaders = [1, 0]
            $0.faults.unaware = 1
        }
    }

    static var abandonedWriter: Scenario {
        make(
            "abandoned-writer",
            "a writer of two partitions crashes at any point; another writes the same, and a third reads",
            [
                .write("V", put("a", "V"), put("x", "V")), .write("W", put("x", "W")),
                .snapshot("R", of: "a", "x"),
            ]
        ) {
            $0.faults.crashes = 1
            $0.faults.lapses = 1
            $0.grain = coarse
        }
    }

    static var failedPrepare: Scenario {
        make(
            "failed-prepare",
            "a transaction of two partitions is refused in one of them, while copies of its requests come late",
            [.write("V", put("a", "V"), insert("x", "V")).reading("b"), .latest("R", of: "a")]
        ) {
            $0.initial = [put("x", "0")]
            $0.faults.resends = 2
            $0.leavesNothing = true
            $0.grain = coarse
        }
    }

    static var collectedRecords: Scenario {
        make(
            "collected-records",
            "the participant of a committed transaction hears of it late; meanwhile records are collected",
            [.write("V", put("a", "V"), put("x", "V")), .write("W", put("x", "W"))]
        ) {
            $0.faults.crashes = 1
            $0.faults.collections = 1
            $0.faults.lapses = 1
            $0.grain = coarse
        }
    }

    static var movedPartition: Scenario {
        make(
            "moved-partition",
            "the partition's epoch grows while a transaction of one round and one of two partitions are under way",
            [.write("V", add(1, to: "c")).retrying(), .write("W", add(1, to: "c"), put("x", "W")).retrying()]
        ) {
            $0.grain.delaysResolving = false
            $0.faults.moves = 1
            $0.faults.resends = 1
        }
    }

    static var collectedTombstone: Scenario {
        make(
            "collected-tombstone",
            "one reads a key and writes it later; meanwhile it is deleted, and what tells of that is collected",
            [.append("V", to: "a"), .write("W", delete("a"))]
        ) {
            $0.initial = [put("a", "0")]
            $0.faults.collections = 1
        }
    }
}
