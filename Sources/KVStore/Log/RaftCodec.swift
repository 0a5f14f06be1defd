internal import Raft

/// The bytes of Raft's own values, as they stand in records and summaries.
extension LogPosition {
    func encode(into bytes: inout [UInt8]) {
        bytes.appendNumber(term.rawValue)
        bytes.appendNumber(index.rawValue)
    }
}

extension HardState {
    /// Term, vote if there is one, commit. Whether there is a vote stands elsewhere.
    func encodeNumbers(into bytes: inout [UInt8]) {
        bytes.appendNumber(term.rawValue)
        if let vote { bytes.appendNumber(vote.rawValue) }
        bytes.appendNumber(commit.rawValue)
    }

    init(from reader: inout ByteReader, hasVote: Bool) throws(FormatError) {
        let term = try reader.term()
        let vote = hasVote ? NodeID(try reader.number()) : nil
        self.init(term: term, vote: vote, commit: try reader.index())
    }
}

extension Configuration {
    func encode(into bytes: inout [UInt8]) {
        for ids in [voters, outgoingVoters, demotedVoters, retired] {
            bytes.appendNumber(ids.count)
            for id in ids { bytes.appendNumber(id.rawValue) }
        }
        bytes.appendNumber(learners.count)
        for learner in learners {
            bytes.appendNumber(learner.id.rawValue)
            bytes.append(learner.promotion == .automatic ? 1 : 0)
        }
    }

    init(from reader: inout ByteReader) throws(FormatError) {
        let voters = try reader.nodes()
        let outgoingVoters = try reader.nodes()
        let demotedVoters = try reader.nodes()
        let retired = try reader.nodes()
        var learners: [Learner] = []
        for _ in 0..<(try reader.count(upTo: LogFormat.members)) {
            let id = NodeID(try reader.number())
            switch try reader.byte() {
            case 0: learners.append(Learner(id: id, promotion: .manual))
            case 1: learners.append(Learner(id: id, promotion: .automatic))
            default: throw FormatError(reason: "no such way of promotion")
            }
        }
        self.init(
            voters: voters,
            outgoingVoters: outgoingVoters,
            learners: learners,
            demotedVoters: demotedVoters,
            retired: retired
        )
    }
}

extension ByteReader {
    fileprivate mutating func nodes() throws(FormatError) -> [NodeID] {
        var nodes: [NodeID] = []
        for _ in 0..<(try count(upTo: LogFormat.members)) { nodes.append(NodeID(try number())) }
        return nodes
    }
}
