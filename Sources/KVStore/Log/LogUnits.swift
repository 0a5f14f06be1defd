internal import Raft

/// Records of one group that belong together, cut where they exceed a batch.
///
///     hard state, install, entries 1…9    ▶    hard state with commit ≤ 4, install, entries 1…4
///                                              hard state with commit ≤ 8, entries 5…8
///                                              hard state, entries 9
extension LogOptions {
    /// The records as units that fit into a batch each.
    func units(of records: [LogRecord]) -> [[LogRecord]] {
        if storedBytes(of: records) <= batchBytes { return [records] }
        var units: [[LogRecord]] = [[]]
        var ends: [LogIndex] = []
        var hardState: LogRecord?
        var room = recordBytes
        for record in records {
            guard case .entries(let group, let entries) = record else {
                if case .hardState = record { hardState = record } else { units[units.count - 1].append(record) }
                continue
            }
            for part in parts(of: entries) {
                guard let last = part.last else { continue }
                let bytes = part.storedBytes
                if bytes > room, ends.count == units.count {
                    units.append([])
                    room = recordBytes
                }
                if ends.count < units.count { ends.append(last.index) } else { ends[ends.count - 1] = last.index }
                units[units.count - 1].append(.entries(group, Array(part)))
                room -= bytes + 64
            }
        }
        guard case .hardState(let group, let state) = hardState else { return units }
        for place in units.indices {
            var own = state
            if place + 1 < units.count { own.commit = min(own.commit, ends[place]) }
            units[place].insert(.hardState(group, own), at: 0)
        }
        return units
    }

    /// No fewer bytes than the records take in a batch.
    func storedBytes(of records: [LogRecord]) -> Int {
        records.reduce(0) { sum, record in
            switch record {
            case .entries(_, let entries): parts(of: entries).reduce(sum) { $0 + 64 + $1.storedBytes }
            case .install(_, let metadata): sum + 256 + EntryPayload.configuration(metadata.configuration).storedBytes
            default: sum + 64
            }
        }
    }

    /// The most bytes that one record of entries may take.
    var recordBytes: Int { min(batchBytes, LogFormat.recordBytes) - 256 }

    /// The entries in parts that make a record each. To read one entry its whole record is read, so that records are
    /// kept small, unless an entry alone is large.
    func parts(of entries: [Entry]) -> [ArraySlice<Entry>] {
        let limit = min(recordBytes, LogFormat.usualRecordBytes)
        var parts: [ArraySlice<Entry>] = []
        var start = 0
        var size = 0
        for (place, entry) in entries.enumerated() {
            let bytes = entry.payload.storedBytes
            if place > start, size + bytes > limit || place - start == LogFormat.recordEntries {
                parts.append(entries[start..<place])
                start = place
                size = 0
            }
            size += bytes
        }
        parts.append(entries[start...])
        return parts
    }
}

extension ArraySlice<Entry> {
    fileprivate var storedBytes: Int { reduce(0) { $0 + $1.payload.storedBytes } }
}

extension EntryPayload {
    /// No fewer bytes than the entry takes in a record, with its share of the record's header.
    var storedBytes: Int {
        switch self {
        case .noop: 16
        case .command(let bytes): bytes.count + 32
        // Numbers take up to ten bytes where limits charge eight, and the parts have lengths of their own.
        case .configuration(let configuration): configuration.sizeBytes * 2 + 96
        }
    }
}
