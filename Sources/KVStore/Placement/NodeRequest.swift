internal import Raft

/// What a node asks another one itself, not a partition of it.
///
///     version: 1 byte │ kind │ fields │ later fields
///
///     how it is           1
///     hand over           2  partition │ 0, or 1 │ node
///     drain               3  0 or 1
enum NodeRequest: Hashable, Sendable {
    /// How it is, for whoever thinks of letting it lead something.
    case state
    /// To hand a leadership that it has to this node, or to whichever is best.
    case handOver(PartitionID, to: NodeID?)
    /// To give away all that it leads and take nothing more; or to lead again.
    case setDraining(Bool)

    fileprivate static let version: UInt8 = 1

    var encoded: [UInt8] {
        var bytes = [Self.version]
        switch self {
        case .state: bytes.append(1)
        case .handOver(let partition, let target):
            bytes.append(2)
            bytes.appendNumber(partition.rawValue)
            bytes.append(target == nil ? 0 : 1)
            if let target { bytes.appendNumber(target.rawValue) }
        case .setDraining(let isDraining): bytes += [3, isDraining ? 1 : 0]
        }
        return bytes
    }

    /// Reads a request.
    ///
    /// - Throws: the first field that is not as ``encoded`` has it.
    init(encoded bytes: [UInt8]) throws(FieldError) {
        var reader = FieldReader(bytes)
        try reader.version("request version", upTo: Self.version)
        switch try reader.byte("kind") {
        case 1: self = .state
        case 2:
            let partition = PartitionID(try reader.number("partition"))
            self = .handOver(partition, to: try reader.flag("has target") ? NodeID(try reader.number("target")) : nil)
        case 3: self = .setDraining(try reader.flag("drains"))
        default: throw FieldError("kind", "must be of this version")
        }
        try reader.skipLaterFields()
    }
}

/// How a node is, as it says itself.
public struct NodeState: Hashable, Sendable {
    /// It gives away what it leads.
    public var isDraining = false
    /// It has no room for writes.
    public var shedsWrites = false
    /// It is about to end.
    public var isEnding = false
    /// It has hardly any room at all.
    public var isFull = false

    /// How much room it has.
    var room: DiskRoom { isFull ? .nothing : shedsWrites ? .little : .enough }

    /// It has no reason not to lead.
    var mayLead: Bool { self == NodeState() }
}

/// What came of something that an operator wants a node to do.
public enum OrderOutcome: Hashable, Sendable {
    /// It is so.
    case done
    /// It was begun, and its time was over before it was so; or nobody can tell.
    case unfinished
    /// There is no such thing; the text says what.
    case notFound(String)
    /// It cannot be done as things are; the text says why. Nothing has changed.
    case refused(String)
    /// Nobody is known who could do it. Nothing has changed.
    case noLeader
}

/// What a node answers.
///
///     version: 1 byte │ kind │ fields │ later fields
///
///     how it is   1  drains + 2 × lacks room + 4 × ends + 8 × is full
///     outcome     2  done 0, unfinished 1, not found 2, refused 3, no leader 4 │ text
enum NodeResponse: Hashable, Sendable {
    case state(NodeState)
    case outcome(OrderOutcome)

    private static let textBytes = 1 << 10

    var encoded: [UInt8] {
        var bytes = [NodeRequest.version]
        switch self {
        case .state(let state):
            bytes.append(1)
            let flags: [UInt8] = [
                state.isDraining ? 1 : 0, state.shedsWrites ? 2 : 0, state.isEnding ? 4 : 0, state.isFull ? 8 : 0,
            ]
            bytes.append(flags.reduce(0, |))
        case .outcome(let outcome):
            let (code, text) = outcome.parts
            bytes += [2, code]
            bytes.appendString(Array(text.utf8.prefix(Self.textBytes))[...])
        }
        return bytes
    }

    /// Reads a response.
    ///
    /// - Throws: the first field that is not as ``encoded`` has it.
    init(encoded bytes: [UInt8]) throws(FieldError) {
        var reader = FieldReader(bytes)
        try reader.version("response version", upTo: NodeRequest.version)
        switch try reader.byte("kind") {
        case 1:
            let flags = try reader.byte("state")
            self = .state(
                NodeState(
                    isDraining: flags & 1 != 0,
                    shedsWrites: flags & 2 != 0,
                    isEnding: flags & 4 != 0,
                    isFull: flags & 8 != 0
                )
            )
        case 2:
            let code = try reader.byte("outcome")
            let text = String(decoding: try reader.string("text", upTo: Self.textBytes), as: UTF8.self)
            guard let outcome = OrderOutcome(code, text) else { throw FieldError("outcome", "must be at most 4") }
            self = .outcome(outcome)
        default: throw FieldError("kind", "must be of this version")
        }
        try reader.skipLaterFields()
    }
}

extension OrderOutcome {
    fileprivate var parts: (code: UInt8, text: String) {
        switch self {
        case .done: (0, "")
        case .unfinished: (1, "")
        case .notFound(let text): (2, text)
        case .refused(let text): (3, text)
        case .noLeader: (4, "")
        }
    }

    fileprivate init?(_ code: UInt8, _ text: String) {
        switch code {
        case 0: self = .done
        case 1: self = .unfinished
        case 2: self = .notFound(text)
        case 3: self = .refused(text)
        case 4: self = .noLeader
        default: return nil
        }
    }
}
