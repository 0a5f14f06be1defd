public import Raft

/// What a node knows of one replica of a group.
public enum ReplicaLifecycle: UInt8, Sendable, Hashable {
    /// It exists.
    case live = 1
    /// It existed, and its entries are gone. Its hard state is kept, so that late messages do not bring it back.
    case destroyed = 2
}

/// The end that a damaged log is known to have had. The replica must not campaign, must vote only for logs that reach
/// at least this far and must acknowledge only what it still has, until what it lost is made good. As long as nobody can
/// bring that from its peers, it does not run at all, unless its state machine has everything: see ``ReplicaStart``.
public enum LogFloor: Sendable, Hashable {
    /// The log ended here. Everything else that is known of the group, its hard state above all, is as it was written last.
    case position(LogPosition)
    /// The log reached further than what is left, nobody knows how far, and the hard state may be an old one: the
    /// replica must be replaced by one with a new id. Entries behind the commit index may be replaced ones.
    case unknown

    /// The floor that holds when both do.
    func joined(_ other: LogFloor?) -> LogFloor {
        guard case .position(let mine) = self, let other else { return self }
        guard case .position(let theirs) = other else { return .unknown }
        return .position(max(mine, theirs))
    }
}

/// All that is to be known of a group besides its entries. A log writes it again and again, so that the loss of the
/// record that changed it is noticed and made good: see `WriteAheadLog`.
struct GroupSummary: Hashable {
    let group: PartitionID
    var lifecycle = ReplicaLifecycle.live
    var hardState = HardState.initial
    /// Where the entries begin: those up to here are in the state machine.
    var base = LogPosition.origin
    /// The last entry.
    var last = LogPosition.origin
    /// The configuration of the snapshot that ends at `base`, if that is how the entries before it went.
    var installed: Configuration?
    var floor: LogFloor?
}

/// What a batch did to a group: its summary after the batch, and from where on the batch replaced entries.
struct Attestation: Hashable {
    var summary: GroupSummary
    /// The lowest index that the batch wrote entries at; zero if it wrote none.
    var from: LogIndex
}

extension GroupSummary {
    func encode(into bytes: inout [UInt8]) {
        var flags = lifecycle.rawValue
        if hardState.vote != nil { flags |= 4 }
        if installed != nil { flags |= 8 }
        switch floor {
        case nil: break
        case .position: flags |= 16
        case .unknown: flags |= 32
        }
        bytes.appendNumber(group.rawValue)
        bytes.append(flags)
        hardState.encodeNumbers(into: &bytes)
        base.encode(into: &bytes)
        last.encode(into: &bytes)
        installed?.encode(into: &bytes)
        if case .position(let position) = floor { position.encode(into: &bytes) }
    }

    init(from reader: inout ByteReader) throws(FormatError) {
        group = PartitionID(try reader.number())
        let flags = try reader.byte()
        guard flags < 64, flags & 48 != 48, let lifecycle = ReplicaLifecycle(rawValue: flags & 3) else {
            throw FormatError(reason: "no such state of a group")
        }
        self.lifecycle = lifecycle
        hardState = try HardState(from: &reader, hasVote: flags & 4 != 0)
        base = try reader.position()
        last = try reader.position()
        guard base.index <= last.index else { throw FormatError(reason: "a log that ends before it begins") }
        installed = flags & 8 != 0 ? try Configuration(from: &reader) : nil
        if flags & 16 != 0 { floor = .position(try reader.position()) }
        if flags & 32 != 0 { floor = .unknown }
    }
}

extension Attestation {
    func encode(into bytes: inout [UInt8]) {
        summary.encode(into: &bytes)
        bytes.appendNumber(from.rawValue)
    }

    init(from reader: inout ByteReader) throws(FormatError) {
        summary = try GroupSummary(from: &reader)
        from = try reader.index()
    }

    /// As many attestations as the reader begins with the count of.
    static func list(from reader: inout ByteReader) throws(FormatError) -> [Attestation] {
        let count = try reader.count(upTo: reader.remaining)
        var list: [Attestation] = []
        for _ in 0..<count { list.append(try Attestation(from: &reader)) }
        return list
    }

    static func encode(_ list: [Attestation], into bytes: inout [UInt8]) {
        bytes.appendNumber(list.count)
        for attestation in list { attestation.encode(into: &bytes) }
    }
}
