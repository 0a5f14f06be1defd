internal import Raft

/// What decoders refuse is refused before it is written: a record that nobody can read takes its whole batch with it.
extension LogOptions {
    /// Refuses a record that could not be written, or not be read back.
    func check(_ record: LogRecord) throws(LogError) {
        switch record {
        case .entries(_, let entries): try check(entries)
        case .hardState(_, let hardState):
            try check(hardState.term)
            try check(hardState.commit)
        case .install(_, let metadata):
            try check(metadata.position.term)
            try check(metadata.position.index)
            try check(metadata.configuration)
        case .compact(_, let index): try check(index)
        case .create, .destroy, .repaired: break
        }
    }

    private func check(_ entries: [Entry]) throws(LogError) {
        for entry in entries {
            let bytes = entry.payload.storedBytes
            if bytes > recordBytes { throw .tooLarge(bytes: bytes, limit: recordBytes) }
            try check(entry.term)
            // A record's end counts as an index, too.
            if entry.index >= .max { throw .unreadable(reason: "index \(entry.index) out of range") }
            if case .configuration(let configuration) = entry.payload { try check(configuration) }
        }
    }

    private func check(_ term: Term) throws(LogError) {
        if term > .max { throw .unreadable(reason: "term \(term) out of range") }
    }

    private func check(_ index: LogIndex) throws(LogError) {
        if index > .max { throw .unreadable(reason: "index \(index) out of range") }
    }

    private func check(_ configuration: Configuration) throws(LogError) {
        let parts = [
            configuration.voters.count, configuration.outgoingVoters.count, configuration.demotedVoters.count,
            configuration.retired.count, configuration.learners.count,
        ]
        for count in parts where count > LogFormat.members {
            throw .unreadable(reason: "\(count) members are more than \(LogFormat.members)")
        }
    }
}

/// How many bytes the state of all groups takes at most: a segment begins with it, so it must fit into a batch.
struct RosterBudget {
    private var charges: [PartitionID: Int] = [:]
    private var total = 0

    init(_ summaries: some Sequence<GroupSummary>) {
        for summary in summaries { charge(summary.group, Self.bytes(summary.installed)) }
    }

    /// Counts what records add to the state; refuses them where that is too much.
    mutating func admit(_ records: [LogRecord]) throws(LogError) {
        for record in records {
            let bytes: Int
            switch record {
            case .create: bytes = Self.bytes(nil)
            case .install(_, let metadata): bytes = Self.bytes(metadata.configuration)
            default: continue
            }
            let after = total - (charges[record.group] ?? 0) + bytes
            guard after <= LogFormat.rosterBytes || bytes <= charges[record.group] ?? 0 else {
                throw .unreadable(reason: "the state of all groups would take \(after) bytes")
            }
            charge(record.group, bytes)
        }
    }

    private mutating func charge(_ group: PartitionID, _ bytes: Int) {
        total += bytes - (charges[group] ?? 0)
        charges[group] = bytes
    }

    /// No fewer bytes than an attestation takes: thirteen numbers of up to ten bytes, and a configuration.
    private static func bytes(_ installed: Configuration?) -> Int {
        144 + (installed.map { EntryPayload.configuration($0).storedBytes } ?? 0)
    }
}
