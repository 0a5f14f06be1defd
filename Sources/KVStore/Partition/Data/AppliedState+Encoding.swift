internal import Raft

/// The bytes of an applied state:
///
///     version: 1 byte │ term │ index │ configuration index │ remembered count │ forgotten through │
///     voters │ outgoing voters │ learners │ demoted voters │ retired │ later fields
///
/// Everything is a number in groups of seven bits, the lowest first. A list of members is how many they are and their
/// ids, ascending; a learner is its id and 1, if it is promoted automatically, or 0.
extension AppliedState {
    static let version: UInt8 = 1
    /// The most members that each list names: far more than a group can have, or can have had.
    static let members = 1 << 14

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(64 + configuration.sizeBytes)
        bytes.append(Self.version)
        bytes.appendNumber(position.term.rawValue)
        bytes.appendNumber(position.index.rawValue)
        bytes.appendNumber(configurationIndex.rawValue)
        bytes.appendNumber(rememberedCount)
        bytes.appendNumber(forgottenThrough.rawValue)
        bytes.appendMembers(of: configuration)
        return bytes
    }

    init(encoded bytes: ArraySlice<UInt8>) throws(FieldError) {
        var reader = FieldReader(bytes)
        try reader.version("applied state version", upTo: Self.version)
        let term = try reader.term("term")
        let index = try reader.index("index")
        let configurationIndex = try reader.index("configuration index")
        let rememberedCount = try reader.number("remembered count")
        let forgottenThrough = try reader.index("forgotten through")
        let configuration = try reader.configuration()
        try reader.skipLaterFields()
        guard configurationIndex <= index else { throw FieldError("configuration index", "must not be behind index") }
        guard forgottenThrough <= index else { throw FieldError("forgotten through", "must not be behind index") }
        guard rememberedCount <= index.rawValue else { throw FieldError("remembered count", "must not exceed index") }
        self.init(
            position: LogPosition(term: term, index: index),
            configuration: configuration,
            configurationIndex: configurationIndex,
            rememberedCount: rememberedCount,
            forgottenThrough: forgottenThrough
        )
    }
}

extension FieldReader {
    mutating func term(_ field: String) throws(FieldError) -> Term {
        let term = Term(try number(field))
        guard term <= .max else { throw FieldError(field, "must be at most \(Term.max)") }
        return term
    }

    mutating func index(_ field: String) throws(FieldError) -> LogIndex {
        let index = LogIndex(try number(field))
        guard index <= .max else { throw FieldError(field, "must be at most \(LogIndex.max)") }
        return index
    }

    mutating func position(_ field: String) throws(FieldError) -> LogPosition {
        let term = try term(field)
        return LogPosition(term: term, index: try index(field))
    }

    /// The five lists of members, each of which ascends.
    mutating func configuration() throws(FieldError) -> Configuration {
        let voters = try members("voters")
        let outgoingVoters = try members("outgoing voters")
        let learners = try learners("learners")
        let demotedVoters = try members("demoted voters")
        let retired = try members("retired")
        return Configuration(
            voters: voters,
            outgoingVoters: outgoingVoters,
            learners: learners,
            demotedVoters: demotedVoters,
            retired: retired
        )
    }

    private mutating func members(_ field: String) throws(FieldError) -> [NodeID] {
        let count = try count(field, upTo: AppliedState.members)
        var members: [NodeID] = []
        for _ in 0..<count {
            let id = NodeID(try number(field))
            if let last = members.last, last >= id { throw FieldError(field, "must ascend") }
            members.append(id)
        }
        return members
    }

    private mutating func learners(_ field: String) throws(FieldError) -> [Configuration.Learner] {
        let count = try count(field, upTo: AppliedState.members)
        var learners: [Configuration.Learner] = []
        for _ in 0..<count {
            let id = NodeID(try number(field))
            if let last = learners.last, last.id >= id { throw FieldError(field, "must ascend") }
            learners.append(Configuration.Learner(id: id, promotion: try flag(field) ? .automatic : .manual))
        }
        return learners
    }
}

extension [UInt8] {
    /// Appends the five lists of members.
    mutating func appendMembers(of configuration: Configuration) {
        appendMembers(configuration.voters)
        appendMembers(configuration.outgoingVoters)
        appendNumber(configuration.learners.count)
        for learner in configuration.learners {
            appendNumber(learner.id.rawValue)
            append(learner.promotion == .automatic ? 1 : 0)
        }
        appendMembers(configuration.demotedVoters)
        appendMembers(configuration.retired)
    }

    private mutating func appendMembers(_ members: [NodeID]) {
        appendNumber(members.count)
        for member in members { appendNumber(member.rawValue) }
    }
}
