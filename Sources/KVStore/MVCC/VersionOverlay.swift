/// What the steps of a batch have written so far: the engine sees the batch only as a whole. Looked up only.
struct VersionOverlay {
    /// By users' keys: the row of the latest version.
    private var versions: [[UInt8]: [UInt8]?] = [:]
    /// By the engine's keys: the row of a transaction's record.
    private var records: [[UInt8]: [UInt8]?] = [:]

    /// A row that was looked up.
    enum Row {
        case untouched
        case absent
        case present([UInt8])
    }

    /// True while no version was written: whoever walks over versions sees all of them in the engine.
    var hasNoVersions: Bool { versions.isEmpty }

    func version(of key: [UInt8]) -> Row { Self.row(key, versions) }
    func record(at place: [UInt8]) -> Row { Self.row(place, records) }

    mutating func setVersion(of key: [UInt8], _ row: [UInt8]?) { versions[key] = .some(row) }
    mutating func setRecord(at place: [UInt8], _ row: [UInt8]?) { records[place] = .some(row) }

    private static func row(_ key: [UInt8], _ rows: [[UInt8]: [UInt8]?]) -> Row {
        if rows.isEmpty { return .untouched }
        guard let row = rows[key] else { return .untouched }
        return row.map { .present($0) } ?? .absent
    }
}
