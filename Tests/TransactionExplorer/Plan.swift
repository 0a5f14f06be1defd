internal import Raft

@testable internal import KVStore

/// What a client of a scenario does, once.
struct Plan: Hashable {
    var name: String
    /// Locked and read, one after the other, before everything else.
    var locks: [[UInt8]] = []
    /// Read at the start.
    var reads: [[UInt8]] = []
    /// Scanned at the start.
    var ranges: [KeyRange] = []
    /// Keys out of `locks` and `reads` to whose value the client's name is added: a list of those who were there.
    var appends: [[UInt8]] = []
    var checks: [TransactionDraft.Check] = []
    var changes: [TransactionDraft.Change] = []
    /// A single read of the latest, in place of all this.
    var latest: [UInt8]?
    /// Begins when this one has been answered.
    var after: Int?
    /// How often it is begun anew, under a new name, after it was told that nothing has happened.
    var retries = 0
    /// Until when it may commit.
    var deadline = Timestamp(milliseconds: 1_000)

    /// True if it changes or asks nothing, and so ends when it has read.
    var isRead: Bool { latest != nil || (changes.isEmpty && checks.isEmpty && appends.isEmpty && locks.isEmpty) }

    /// What is appended.
    var mark: [UInt8] { Array(name.utf8) }

    init(_ name: String) { self.name = name }

    static func write(_ name: String, _ changes: TransactionDraft.Change...) -> Plan {
        var plan = Plan(name)
        plan.changes = changes
        return plan
    }

    static func append(_ name: String, to keys: String...) -> Plan {
        var plan = Plan(name)
        plan.reads = keys.map { key($0) }
        plan.appends = plan.reads
        return plan
    }

    static func lockAndAppend(_ name: String, to keys: String...) -> Plan {
        var plan = Plan(name)
        plan.locks = keys.map { key($0) }
        plan.appends = plan.locks
        return plan
    }

    static func latest(_ name: String, of text: String) -> Plan {
        var plan = Plan(name)
        plan.latest = key(text)
        return plan
    }

    static func snapshot(_ name: String, of keys: String...) -> Plan {
        var plan = Plan(name)
        plan.reads = keys.map { key($0) }
        return plan
    }

    static func scan(_ name: String, from lower: String, upTo upper: String) -> Plan {
        var plan = Plan(name)
        plan.ranges = [KeyRange(key(lower), key(upper))]
        return plan
    }

    func reading(_ keys: String...) -> Plan {
        var plan = self
        plan.reads += keys.map { key($0) }
        return plan
    }

    func scanning(from lower: String, upTo upper: String) -> Plan {
        var plan = self
        plan.ranges.append(KeyRange(key(lower), key(upper)))
        return plan
    }

    func checking(_ text: String, _ condition: TransactionDraft.Condition) -> Plan {
        var plan = self
        plan.checks.append(TransactionDraft.Check(key: key(text), condition))
        return plan
    }

    func following(_ client: Int) -> Plan {
        var plan = self
        plan.after = client
        return plan
    }

    func retrying(_ times: Int = 1) -> Plan {
        var plan = self
        plan.retries = times
        return plan
    }
}

/// The bytes of a key that is written as text.
func key(_ text: String) -> [UInt8] { Array(text.utf8) }

/// Gives a key a value.
func put(_ text: String, _ value: String) -> TransactionDraft.Change {
    TransactionDraft.Change(key: key(text), .put(Array(value.utf8)))
}

/// Gives a key that must be absent a value.
func insert(_ text: String, _ value: String) -> TransactionDraft.Change {
    TransactionDraft.Change(key: key(text), .insert(Array(value.utf8)))
}

/// Takes a key's value away.
func delete(_ text: String) -> TransactionDraft.Change { TransactionDraft.Change(key: key(text), .delete) }

/// Adds to a counter.
func add(_ delta: Int64, to text: String, floor: Int64? = nil, ceiling: Int64? = nil) -> TransactionDraft.Change {
    TransactionDraft.Change(key: key(text), .add(TransactionDraft.Addition(delta, floor: floor, ceiling: ceiling)))
}
