internal import Raft

/// A record as it stands on disk and as it changes what is known of its group.
enum StoredRecord {
    case entries(EntriesHeader, [PlacedConfiguration])
    /// Entries that were valid when they were copied here from an old segment: they replace no others.
    case relocated(EntriesHeader, [PlacedConfiguration])
    case created(PartitionID)
    case hardState(PartitionID, HardState)
    case installed(PartitionID, SnapshotMetadata)
    case compacted(PartitionID, LogPosition)
    case destroyed(PartitionID)
    case repaired(PartitionID)

    var group: PartitionID {
        switch self {
        case .entries(let header, _), .relocated(let header, _): header.group
        case .created(let group), .hardState(let group, _), .installed(let group, _), .compacted(let group, _),
            .destroyed(let group), .repaired(let group):
            group
        }
    }

    /// The byte a record begins with.
    enum Kind: UInt8 {
        case entries = 1
        case relocated = 2
        case created = 3
        case hardState = 4
        case installed = 5
        case compacted = 6
        case destroyed = 7
        case repaired = 8
    }

    /// Appends a record that is not one of entries.
    func encodeSmall(into bytes: inout [UInt8]) {
        bytes.append(kind.rawValue)
        bytes.appendNumber(group.rawValue)
        switch self {
        case .entries, .relocated:
            preconditionFailure("entries are encoded with their payloads")
        case .created, .destroyed, .repaired:
            break
        case .hardState(_, let hardState):
            bytes.append(hardState.vote == nil ? 0 : 1)
            hardState.encodeNumbers(into: &bytes)
        case .installed(_, let metadata):
            metadata.position.encode(into: &bytes)
            metadata.configuration.encode(into: &bytes)
        case .compacted(_, let position):
            position.encode(into: &bytes)
        }
    }

    private var kind: Kind {
        switch self {
        case .entries: .entries
        case .relocated: .relocated
        case .created: .created
        case .hardState: .hardState
        case .installed: .installed
        case .compacted: .compacted
        case .destroyed: .destroyed
        case .repaired: .repaired
        }
    }

    init(from reader: inout ByteReader) throws(FormatError) {
        guard let kind = Kind(rawValue: try reader.byte()) else { throw FormatError(reason: "no such kind of record") }
        if kind == .entries || kind == .relocated {
            let record = try EntriesRecord(from: &reader)
            let configurations = try record.configurations()
            self =
                kind == .entries ? .entries(record.header, configurations) : .relocated(record.header, configurations)
            return
        }
        let group = PartitionID(try reader.number())
        switch kind {
        case .created: self = .created(group)
        case .destroyed: self = .destroyed(group)
        case .repaired: self = .repaired(group)
        case .compacted: self = .compacted(group, try reader.position())
        case .hardState:
            let hasVote = try reader.byte()
            guard hasVote <= 1 else { throw FormatError(reason: "no such vote") }
            self = .hardState(group, try HardState(from: &reader, hasVote: hasVote == 1))
        case .installed:
            let position = try reader.position()
            let configuration = try Configuration(from: &reader)
            self = .installed(group, SnapshotMetadata(position: position, configuration: configuration))
        case .entries, .relocated:
            throw FormatError(reason: "no such kind of record")
        }
    }
}
