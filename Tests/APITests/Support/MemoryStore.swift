import KVStore
import NIOConcurrencyHelpers

/// Keys and values in a dictionary, with the promises of the real store, and errors on demand.
final class MemoryStore: KeyValueService {
    struct State {
        var values: [[UInt8]: VersionedValue] = [:]
        var lastVersion: UInt128 = 0
        var failure: KeyValueError?
        var consistencies: [ReadConsistency] = []
        var traces: [String?] = []
    }

    let state = NIOLockedValueBox(State())

    /// Has every request fail from now on.
    func fail(with error: KeyValueError?) { state.withLockedValue { $0.failure = error } }

    /// What the store holds under a key.
    func bytes(_ key: String) -> [UInt8]? { state.withLockedValue { $0.values[Array(key.utf8)]?.bytes } }

    func set(_ key: [UInt8], _ value: [UInt8]) {
        state.withLockedValue {
            $0.lastVersion += 1
            $0.values[key] = .init(bytes: value, version: .init($0.lastVersion))
        }
    }

    func value(of key: [UInt8], _ consistency: ReadConsistency) async throws(KeyValueError) -> VersionedValue? {
        try answer { state throws(KeyValueError) in
            state.consistencies.append(consistency)
            return state.values[key]
        }
    }

    func put(
        _ value: [UInt8],
        at key: [UInt8],
        if condition: WriteCondition,
        patience: Duration
    ) async throws(KeyValueError) -> KeyVersion {
        try answer { state throws(KeyValueError) in
            try Self.check(condition, state.values[key]?.version)
            state.lastVersion += 1
            let version = KeyVersion(state.lastVersion)
            state.values[key] = VersionedValue(bytes: value, version: version)
            return version
        }
    }

    func delete(_ key: [UInt8], if condition: WriteCondition, patience: Duration) async throws(KeyValueError) {
        try answer { state throws(KeyValueError) in
            try Self.check(condition, state.values[key]?.version)
            state.values[key] = nil
        }
    }

    func page(
        prefix: [UInt8],
        from: [UInt8]?,
        at timestamp: Timestamp?,
        limit: Int,
        _ consistency: ReadConsistency
    ) async throws(KeyValueError) -> KeyValuePage {
        try answer { state throws(KeyValueError) in
            state.consistencies.append(consistency)
            let found = state.values.filter { $0.key.starts(with: prefix) }
                .sorted { $0.key.lexicographicallyPrecedes($1.key) }
                .filter { entry in from.map { !entry.key.lexicographicallyPrecedes($0) } ?? true }
            return KeyValuePage(
                entries: found.prefix(limit).map { (key: $0.key, value: $0.value) },
                next: found.count > limit ? found[limit].key : nil,
                timestamp: timestamp ?? Timestamp(7)
            )
        }
    }

    private func answer<Answer>(
        _ body: (inout State) throws(KeyValueError) -> Answer
    ) throws(KeyValueError) -> Answer {
        let result = state.withLockedValue { state -> Result<Answer, KeyValueError> in
            state.traces.append(RequestTrace.id)
            if let failure = state.failure { return .failure(failure) }
            do throws(KeyValueError) { return .success(try body(&state)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    private static func check(_ condition: WriteCondition, _ current: KeyVersion?) throws(KeyValueError) {
        let holds =
            switch condition {
            case .none: true
            case .isAbsent: current == nil
            case .hasVersion(let version): current == version
            }
        guard holds else { throw .conditionFailed(current) }
    }
}
