internal import Raft

extension WriteAheadLog {
    /// Puts records of one group into the pending batch, or into the next if that has not room for all of them.
    func add(_ records: [LogRecord]) throws(LogError) {
        guard let group = records.first?.group else { return }
        for record in records {
            precondition(record.group == group, "records of groups \(group) and \(record.group) in one call")
            try options.check(record)
        }
        try roster.admit(records)
        for unit in options.units(of: records) {
            pending.beginUnit(upTo: options.storedBytes(of: unit))
            defer { pending.endUnit() }
            for record in unit { addChecked(record) }
        }
    }

    /// Puts a record into the pending batch, having checked that it can follow what is there.
    func add(_ record: LogRecord) throws(LogError) {
        try options.check(record)
        try roster.admit([record])
        addChecked(record)
    }

    private func addChecked(_ record: LogRecord) {
        let id = record.group
        var group = pending.group(id) ?? PendingGroup(groups[id], id: id)
        if case .create = record {
            precondition(group.lifecycle != .live, "group \(id) has a replica here already")
        } else {
            precondition(group.lifecycle == .live, "group \(id) has no replica here")
        }
        switch record {
        case .entries(_, let entries):
            add(entries, to: group)
        case .create:
            group.reset(.live, to: .origin)
            addSmall(.created(id), to: group)
        case .hardState(_, let hardState):
            addSmall(.hardState(id, hardState), to: group)
        case .install(_, let metadata):
            group.reset(.live, to: metadata.position)
            addSmall(.installed(id, metadata), to: group)
        case .compact(_, let index):
            guard index > group.base.index else { return }
            guard let term = group.term(at: index, durable: groups[id]) else {
                preconditionFailure("group \(id) has no entry \(index) to compact through")
            }
            group.base = LogPosition(term: term, index: index)
            addSmall(.compacted(id, group.base), to: group)
        case .destroy:
            group.reset(.destroyed, to: .origin)
            addSmall(.destroyed(id), to: group)
        case .repaired:
            addSmall(.repaired(id), to: group)
        }
    }

    private func addSmall(_ record: StoredRecord, to group: PendingGroup) {
        pending.add(to: group, from: .zero, upTo: 256, limits: options) { bytes in
            record.encodeSmall(into: &bytes)
            return record
        }
    }

    private func add(_ entries: [Entry], to group: PendingGroup) {
        guard let first = entries.first else { return }
        precondition(first.index > group.base.index, "entry \(first.index) of group \(group.id) is compacted already")
        guard var term = group.term(at: first.index.previous, durable: groups[group.id]) else {
            preconditionFailure("entry \(first.index) of group \(group.id) would leave a gap")
        }
        for (offset, entry) in entries.enumerated() {
            precondition(entry.index == first.index + offset, "entries of group \(group.id) are not consecutive")
            precondition(entry.term >= term, "terms of group \(group.id) go back")
            term = entry.term
        }
        var group = group
        for part in options.parts(of: entries) {
            guard let head = part.first else { continue }
            let before = group.term(at: head.index.previous, durable: groups[group.id]) ?? .zero
            group.append(Array(part))
            addEntries(part, after: before, to: group, from: head.index, kind: .entries)
        }
    }

    /// Puts entries into the pending batch as a record of their own.
    func addEntries(
        _ entries: ArraySlice<Entry>,
        after term: Term,
        to group: PendingGroup,
        from: LogIndex,
        kind: StoredRecord.Kind
    ) {
        let size = entries.reduce(64) { $0 + $1.payload.storedBytes }
        pending.add(to: group, from: from, upTo: size, limits: options) { bytes in
            bytes.append(kind.rawValue)
            let header = EntriesRecord.encode(
                entries,
                of: group.id,
                after: term,
                compressionBytes: options.compressionBytes,
                into: &bytes
            )
            let configurations = entries.compactMap { entry -> PlacedConfiguration? in
                guard case .configuration(let configuration) = entry.payload else { return nil }
                return PlacedConfiguration(index: entry.index, configuration: configuration)
            }
            return kind == .entries ? .entries(header, configurations) : .relocated(header, configurations)
        }
    }
}
