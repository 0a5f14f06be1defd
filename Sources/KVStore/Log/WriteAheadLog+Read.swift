public import Raft

extension WriteAheadLog {
    /// The durable entries of a group from an index on, read from the disk.
    ///
    /// - Parameters:
    ///   - from: The first index.
    ///   - maxBytes: How many bytes of payloads to stay within. The first entry is returned whatever its size.
    /// - Returns: Consecutive entries; none if the log ends before `from`, or has been compacted through it.
    /// - Throws: `damaged` if a record no longer is what was written, `disk`; either stops the log.
    public func read(_ group: PartitionID, from: LogIndex, maxBytes: Int) throws(LogError) -> [Entry] {
        try guarded { () throws(LogError) in
            guard let state = groups[group], from <= state.summary.last.index, from > state.summary.base.index
            else { return [] }
            var entries: [Entry] = []
            var bytes = 0
            var next = from
            while let locator = state.locator(at: next) {
                for entry in try self.entries(at: locator, of: group) where entry.index >= next {
                    bytes += entry.payload.sizeBytes
                    if !entries.isEmpty, bytes > maxBytes { return entries }
                    entries.append(entry)
                }
                next = locator.last.next
                if bytes >= maxBytes { break }
            }
            return entries
        }
    }

    /// The term of a durable entry, or of the base; nil where there is none.
    public func term(of group: PartitionID, at index: LogIndex) -> Term? { groups[group]?.term(at: index) }

    /// The durable end of a group's log; nil if the group is unknown.
    public func last(of group: PartitionID) -> LogPosition? { groups[group]?.summary.last }

    /// Where a group's durable entries begin; nil if the group is unknown.
    public func base(of group: PartitionID) -> LogPosition? { groups[group]?.summary.base }

    /// Reads the entries that a locator stands for.
    func entries(at locator: Locator, of group: PartitionID) throws(LogError) -> [Entry] {
        let address = locator.address
        let bytes = try record(at: address, of: group)
        do throws(FormatError) {
            let all = try withBytes(bytes) { raw throws(FormatError) in
                var reader = ByteReader(raw)
                guard let kind = StoredRecord.Kind(rawValue: try reader.byte()), kind == .entries || kind == .relocated
                else { throw FormatError(reason: "not a record of entries") }
                let record = try EntriesRecord(from: &reader)
                guard record.header.group == group else { throw FormatError(reason: "another group's record") }
                return try record.entries()
            }
            return all.filter { $0.index >= locator.first && $0.index <= locator.last }
        } catch {
            throw damaged(address, group)
        }
    }

    /// The bytes of a record, each sector of which is checked.
    private func record(at address: RecordAddress, of group: PartitionID) throws(LogError) -> [UInt8] {
        guard let place = segments.firstIndex(where: { $0.number == address.segment }), let file = segments[place].file
        else { throw damaged(address, group) }
        let first = address.offset / SectorFormat.payloadBytes
        let last = (address.offset + address.length - 1) / SectorFormat.payloadBytes
        let count = (last - first + 1) * SectorFormat.bytes
        let raw = try onDisk { () throws(DiskError) in try file.read(count, at: first * SectorFormat.bytes) }
        guard raw.count == count, let payload = segments[place].format.unframe(raw, start: first) else {
            throw damaged(address, group)
        }
        let offset = address.offset - first * SectorFormat.payloadBytes
        return Array(payload[offset..<offset + address.length])
    }

    private func damaged(_ address: RecordAddress, _ group: PartitionID) -> LogError {
        let offset = address.offset / SectorFormat.payloadBytes * SectorFormat.bytes
        return .damaged(LogDamage(kind: .batch, segment: address.segment, offset: offset, groups: [group]))
    }
}

extension SectorFormat {
    /// What the sectors in `raw` carry, the first of them being number `start`; nil if one of them is not valid.
    fileprivate func unframe(_ raw: [UInt8], start: Int) -> [UInt8]? {
        var payload: [UInt8] = []
        payload.reserveCapacity(raw.count)
        return raw.withUnsafeBytes { bytes in
            for index in 0..<bytes.count / Self.bytes {
                let sector = UnsafeRawBufferPointer(rebasing: bytes[index * Self.bytes..<(index + 1) * Self.bytes])
                guard case .valid = judge(sector, number: start + index) else { return nil }
                payload.append(contentsOf: sector[Self.frameBytes...])
            }
            return payload
        }
    }
}
