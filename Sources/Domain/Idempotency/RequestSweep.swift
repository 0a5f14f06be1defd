public import KVStore

/// Removes the records of requests whose time is over, so that the store does not grow with every request for ever.
///
///     bucket 0 │ … requests … │ bucket 1 │ … requests … │ …        the part of each bucket in which requests lie
///              └──────▶ ──────┘          └──────▶
///
/// A pass seeks from one such part to the next, in steps of a few reads each. A request that was begun and has not ended
/// keeps its record, however old it is: a copy of it must find the charge that was asked for.
public struct RequestSweep: Sendable {
    /// How long a record is kept at least: a key may be repeated for as long.
    public static let kept = Duration.seconds(48 * 3_600)
    /// How many reads a step takes, at most.
    private static let readsOfStep = 16
    private static let pageEntries = 100

    private let database: Database

    /// A sweep of a store.
    public init(_ database: Database) { self.database = database }

    /// Where a pass goes on.
    public struct Place: Hashable, Sendable {
        fileprivate let key: [UInt8]
    }

    /// What a step has done.
    public struct Swept: Hashable, Sendable {
        /// How many records are gone.
        public fileprivate(set) var removed = 0
        /// Where to go on; nil where the pass is over.
        public fileprivate(set) var next: Place?
    }

    /// Looks at a few requests.
    ///
    /// - Parameter place: Where to go on; nil to begin a pass.
    public func step(from place: Place? = nil) async throws -> Swept {
        let snapshot = try await database.snapshot()
        let now = snapshot.timestamp.instant
        var swept = Swept()
        var key = place?.key ?? Self.requests(in: Bucket(0)).lower
        for _ in 0..<Self.readsOfStep {
            let found: Found
            switch try await Self.seek(&key, snapshot) {
            case .end: return swept
            case .goOn: continue
            case .found(let place): found = place
            }
            if let bucket = found.ofRequests {
                let page = try await snapshot.scan(
                    KeyRange(key, Self.requests(in: bucket).upper),
                    limit: Self.pageEntries
                )
                swept.removed += try await database.removeUnchanged(page.entries.filter { Self.isOver($0, now) })
                if let next = page.next {
                    key = next
                    continue
                }
            }
            guard let following = found.following else { return swept }
            key = Self.requests(in: following).lower
        }
        swept.next = Place(key: key)
        return swept
    }

    /// The next bucket in which anything lies: one whose requests begin at the key, or one to go on at.
    private struct Found {
        var ofRequests: Bucket?
        var following: Bucket?
    }

    private enum Seek {
        case found(Found)
        /// There were only traces of what is gone: the key is behind them.
        case goOn
        case end
    }

    private static func seek(_ key: inout [UInt8], _ snapshot: Snapshot) async throws -> Seek {
        let page = try await snapshot.scan(KeyRange(key, DomainKey.everything.upper), limit: 1)
        guard let first = page.entries.first else {
            guard let next = page.next else { return .end }
            key = next
            return .goOn
        }
        let reader = try KeyReader(first.key)
        let next = reader.bucket.rawValue < .max ? Bucket(reader.bucket.rawValue + 1) : nil
        if reader.table == .requests {
            key = first.key
            return .found(Found(ofRequests: reader.bucket, following: next))
        }
        let isBefore = reader.table.rawValue < Table.requests.rawValue
        return .found(Found(ofRequests: nil, following: isBefore ? reader.bucket : next))
    }

    private static func requests(in bucket: Bucket) -> KeyRange { DomainKey(.requests, in: bucket).range }

    /// What cannot be read stays: verification tells of it.
    private static func isOver(_ item: EntryPage.Entry, _ now: Instant) -> Bool {
        guard let stored = try? Stored<RequestRecord>(item.entry, at: item.key),
            case .concluded = stored.record.progress
        else { return false }
        return now.duration(since: stored.version.instant) > kept
    }
}
