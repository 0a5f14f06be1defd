internal import Raft

/// Reads over partitions, at one timestamp.
extension Transactions {
    /// What keys have; see ``TransactionBackend/read(_:at:patience:)``. Without a timestamp, the latest, of one key.
    func read(
        _ keys: [[UInt8]],
        at timestamp: Timestamp?,
        attempt: TransactionID? = nil,
        until lastTick: Int,
        reply: @escaping (Result<[StoredEntry?], TransactionError>) -> Void
    ) {
        guard !loop.isEnding else { return reply(.failure(.stopping)) }
        do throws(FieldError) { try Self.check(keys) } catch { return reply(.failure(.invalid(error))) }
        var places: [PartitionID: [Int]] = [:]
        for (place, key) in keys.enumerated() {
            guard let partition = loop.routing.descriptor(of: key)?.id else {
                guard loop.ticks < lastTick else { return reply(.failure(.noLeader)) }
                return nextTick { [weak self] in
                    self?.read(keys, at: timestamp, attempt: attempt, until: lastTick, reply: reply)
                }
            }
            places[partition, default: []].append(place)
        }
        let gathering = Gathering(count: keys.count, reply: reply)
        for partition in places.keys.sorted() {
            guard let wanted = places[partition] else { continue }
            read(keys, at: timestamp, attempt, wanted[...], of: partition, lastTick, gathering)
        }
    }

    /// One partition's part; asks on where an answer had no room for all.
    private func read(
        _ keys: [[UInt8]],
        at timestamp: Timestamp?,
        _ attempt: TransactionID?,
        _ wanted: ArraySlice<Int>,
        of partition: PartitionID,
        _ lastTick: Int,
        _ gathering: Gathering
    ) {
        guard let first = wanted.first else { return }
        let request = PartitionRequest.read(keys: wanted.map { keys[$0] }, at: timestamp, attempt: attempt)
        send(request, to: partition, until: lastTick) { [weak self] response, _ in
            guard case .entries(let entries) = response, 1...wanted.count ~= entries.count else {
                return gathering.fail(TransactionError(response, keys[first]))
            }
            gathering.add(entries, at: wanted.prefix(entries.count))
            let rest = wanted.dropFirst(entries.count)
            self?.read(keys, at: timestamp, attempt, rest, of: partition, lastTick, gathering)
        }
    }

    /// The entries of a range; see ``TransactionBackend/scan(_:at:limit:patience:)``.
    func scan(
        _ range: KeyRange,
        at timestamp: Timestamp,
        limit: ScanLimit,
        until lastTick: Int,
        reply: @escaping (Result<EntryPage, TransactionError>) -> Void
    ) {
        guard !loop.isEnding else { return reply(.failure(.stopping)) }
        do throws(FieldError) {
            try limit.check()
            try Self.check([range.lower, range.upper])
        } catch {
            return reply(.failure(.invalid(error)))
        }
        if range.isEmpty { return reply(.success(EntryPage(entries: [], next: nil))) }
        guard let parts = loop.routing.descriptors(of: range) else {
            guard loop.ticks < lastTick else { return reply(.failure(.noLeader)) }
            return nextTick { [weak self] in
                self?.scan(range, at: timestamp, limit: limit, until: lastTick, reply: reply)
            }
        }
        scan(parts.map { ($0.descriptor.id, $0.part) }[...], at: timestamp, limit, [], lastTick, reply)
    }

    /// One partition after the other, until the page is full.
    private func scan(
        _ parts: ArraySlice<(partition: PartitionID, range: KeyRange)>,
        at timestamp: Timestamp,
        _ limit: ScanLimit,
        _ found: [EntryPage.Entry],
        _ lastTick: Int,
        _ reply: @escaping (Result<EntryPage, TransactionError>) -> Void
    ) {
        guard let part = parts.first else { return reply(.success(EntryPage(entries: found, next: nil))) }
        let bytes = found.reduce(0) { $0 + $1.sizeBytes }
        guard found.count < limit.entries, bytes < limit.bytes else {
            return reply(.success(EntryPage(entries: found, next: part.range.lower)))
        }
        let rest = ScanLimit(entries: limit.entries - found.count, bytes: limit.bytes - bytes)
        send(.scan(part.range, at: timestamp, limit: rest), to: part.partition, until: lastTick) {
            [weak self] response, _ in
            guard case .page(let page) = response else {
                return reply(.failure(TransactionError(response, part.range.lower)))
            }
            let entries = found + page.entries
            if let next = page.next { return reply(.success(EntryPage(entries: entries, next: next))) }
            self?.scan(parts.dropFirst(), at: timestamp, limit, entries, lastTick, reply)
        }
    }

    /// In a tick it may be known where keys lie.
    func nextTick(_ body: @escaping () -> Void) {
        let trace = loop.trace
        loop.environment.executor.enqueue(after: loop.options.tick) { [weak self] in self?.loop.withTrace(trace, body) }
    }

    private static func check(_ keys: [[UInt8]]) throws(FieldError) {
        guard !keys.isEmpty, keys.count <= TransactionLimits.operations else {
            throw FieldError("keys", "must be from 1 to \(TransactionLimits.operations)")
        }
        for key in keys where !(1...TransactionLimits.keyBytes + 1 ~= key.count) {
            throw FieldError("key", "must be from 1 to \(TransactionLimits.keyBytes) bytes")
        }
    }
}

/// Puts together what several partitions say.
private final class Gathering {
    private var entries: [StoredEntry?]
    private var missing: Int
    private var reply: ((Result<[StoredEntry?], TransactionError>) -> Void)?

    init(count: Int, reply: @escaping (Result<[StoredEntry?], TransactionError>) -> Void) {
        entries = Array(repeating: nil, count: count)
        missing = count
        self.reply = reply
    }

    func add(_ found: [StoredEntry?], at places: ArraySlice<Int>) {
        for (place, entry) in zip(places, found) { entries[place] = entry }
        missing -= places.count
        if missing == 0 { finish(.success(entries)) }
    }

    func fail(_ error: TransactionError) { finish(.failure(error)) }

    private func finish(_ result: Result<[StoredEntry?], TransactionError>) {
        reply?(result)
        reply = nil
    }
}

extension EntryPage.Entry {
    /// About how many bytes it takes.
    var sizeBytes: Int { key.count + entry.sizeBytes }
}

extension StoredEntry {
    /// About how many bytes it takes, without its key.
    var sizeBytes: Int {
        switch content {
        case .bytes(let bytes): bytes.count
        case .counter: 8
        }
    }
}
