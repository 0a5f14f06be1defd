internal import Raft

@testable internal import KVStore

/// Whether what clients were told, and what lies there at the end, can be explained by one order of the transactions:
/// one that agrees with real time, that of the timestamps where there are any, and in which each happens once or, if
/// nobody was told what became of it, once or never.
struct Judgement {
    private(set) var violation: String?
    private let operations: [Operation]
    private let final: [[UInt8]: StoredEntry.Content]

    /// What a client did, as far as it shows.
    private struct Operation {
        let name: String
        let client: Int
        let begin: Int
        /// After everything else where nobody was answered.
        let end: Int
        let kind: Kind
        let seen: [Client.Seen]
        let pages: [Client.Page]
        let checks: [TransactionDraft.Check]
        let changes: [TransactionDraft.Change]

        enum Kind: Equatable {
            case read(at: Timestamp?)
            case committed(Timestamp)
            case refused(TransactionError.Refusal, [UInt8])
            case perhaps
        }
    }

    init(of world: TransactionWorld) {
        operations = world.clients.indices.compactMap { Self.operation(world, $0) }
        var final: [[UInt8]: StoredEntry.Content] = [:]
        for key in world.facts.keys {
            let contents = world.contents(FixedRouting.site(of: key), isDeposed: false)
            guard case .entries(let entries) = contents.read([key], at: nil) else {
                violation = "\(key.text) cannot be read"
                break
            }
            final[key] = entries.first.flatMap { $0?.content }
        }
        self.final = final
        if violation != nil { return }
        let initial = Self.after(world.scenario.initial, [:]) ?? [:]
        if !canBeOrdered(operations, initial) {
            violation = "no order explains it: \(described), at the end \(Self.described(final))"
        } else if let reason = timestampsDisagree(world, initial) {
            violation = "\(reason): \(described)"
        }
    }

    private static func operation(_ world: TransactionWorld, _ client: Int) -> Operation? {
        let state = world.clients[client]
        guard let begin = world.history.firstIndex(of: .begins(client)) else { return nil }
        let kind: Operation.Kind
        switch state.outcome {
        case .read?: kind = .read(at: state.start)
        case .committed(let timestamp)?: kind = .committed(timestamp)
        case .failed(.refused(let refusal, let key))?: kind = .refused(refusal, key)
        case .failed(.unknown)?, nil: kind = .perhaps
        case .failed?: return nil
        }
        if kind == .perhaps, state.draft == nil { return nil }
        let asksNothing = kind == .read(at: state.start)
        return Operation(
            name: state.plan.name,
            client: client,
            begin: begin,
            end: kind == .perhaps ? .max : world.history.firstIndex(of: .ends(client)) ?? .max,
            kind: kind,
            seen: state.seen,
            pages: state.pages,
            checks: asksNothing ? [] : state.draft?.checks ?? [],
            changes: asksNothing ? [] : state.draft?.changes ?? []
        )
    }

    // MARK: Orders

    /// Looks for an order by trying all of them.
    private func canBeOrdered(_ left: [Operation], _ state: [[UInt8]: StoredEntry.Content]) -> Bool {
        if left.allSatisfy({ $0.kind == .perhaps }), state == final { return true }
        let deadline = left.map(\.end).min() ?? .max
        for (place, operation) in left.enumerated() where operation.begin < deadline {
            var rest = left
            rest.remove(at: place)
            guard let next = Self.state(after: operation, state) else { continue }
            if canBeOrdered(rest, next) { return true }
        }
        return false
    }

    /// What an operation leaves; nil if it could not have happened, or been answered so, here.
    private static func state(
        after operation: Operation,
        _ state: [[UInt8]: StoredEntry.Content]
    ) -> [[UInt8]: StoredEntry.Content]? {
        if case .refused(let refusal, let key) = operation.kind {
            return isRefused(operation, refusal, key, state) ? state : nil
        }
        for seen in operation.seen where state[seen.key] != seen.content { return nil }
        for page in operation.pages {
            let found = state.keys.filter { page.range.contains($0) }.sorted { KeyOrder.compare($0, $1) < 0 }
            guard found == page.entries.map(\.key) else { return nil }
            for seen in page.entries where state[seen.key] != seen.content { return nil }
        }
        for check in operation.checks where !holds(check, state) { return nil }
        return after(operation.changes, state)
    }

    private static func isRefused(
        _ operation: Operation,
        _ refusal: TransactionError.Refusal,
        _ key: [UInt8],
        _ state: [[UInt8]: StoredEntry.Content]
    ) -> Bool {
        let checks = operation.checks.filter { $0.key == key }
        let changes = operation.changes.filter { $0.key == key }
        return checks.contains { !holds($0, state) } || after(changes, state) == nil
    }

    private static func holds(_ check: TransactionDraft.Check, _ state: [[UInt8]: StoredEntry.Content]) -> Bool {
        switch check.condition {
        case .exists: state[check.key] != nil
        case .isAbsent: state[check.key] == nil
        // Versions are no part of this model.
        case .hasVersion: true
        }
    }

    private static func after(
        _ changes: [TransactionDraft.Change],
        _ state: [[UInt8]: StoredEntry.Content]
    ) -> [[UInt8]: StoredEntry.Content]? {
        var state = state
        for change in changes {
            switch change.kind {
            case .put(let value): state[change.key] = .bytes(value)
            case .insert(let value):
                guard state[change.key] == nil else { return nil }
                state[change.key] = .bytes(value)
            case .delete: state[change.key] = nil
            case .add(let addition):
                var value: Int64 = 0
                switch state[change.key] {
                case nil: break
                case .counter(let before)?: value = before
                case .bytes?: return nil
                }
                value += addition.delta
                if let floor = addition.floor, value < floor { return nil }
                if let ceiling = addition.ceiling, value > ceiling { return nil }
                state[change.key] = .counter(value)
            }
        }
        return state
    }

    // MARK: Timestamps

    /// Where every timestamp is known, they are the order.
    private func timestampsDisagree(
        _ world: TransactionWorld,
        _ initial: [[UInt8]: StoredEntry.Content]
    ) -> String? {
        guard !operations.contains(where: { $0.kind == .perhaps }) else { return nil }
        var placed: [(timestamp: Timestamp, isRead: Bool, operation: Operation)] = []
        for operation in operations {
            switch operation.kind {
            case .committed(let timestamp): placed.append((timestamp, false, operation))
            case .read(let timestamp?): placed.append((timestamp, true, operation))
            case .read(nil), .refused, .perhaps: break
            }
        }
        placed.sort { ($0.timestamp.rawValue, $0.isRead ? 1 : 0) < ($1.timestamp.rawValue, $1.isRead ? 1 : 0) }
        var state = initial
        var timestamps: [Timestamp: [[UInt8]: StoredEntry.Content]] = [:]
        for (timestamp, isRead, operation) in placed {
            guard let next = Self.state(after: operation, state) else {
                return "\(operation.name) does not fit at \(timestamp)"
            }
            if !isRead, timestamps[timestamp] != nil { return "two commits at \(timestamp)" }
            state = next
            timestamps[timestamp] = state
        }
        for earlier in placed {
            for later in placed
            where later.timestamp < earlier.timestamp && earlier.operation.end < later.operation.begin {
                return
                    "\(later.operation.name) lies before \(earlier.operation.name), which was answered before it began"
            }
        }
        for (timestamp, _, _) in placed {
            if let reason = differs(world, at: timestamp, timestamps[timestamp] ?? [:]) { return reason }
        }
        return nil
    }

    /// What a snapshot shows now, long after.
    private func differs(
        _ world: TransactionWorld,
        at timestamp: Timestamp,
        _ expected: [[UInt8]: StoredEntry.Content]
    ) -> String? {
        for key in world.facts.keys {
            let contents = world.contents(FixedRouting.site(of: key), isDeposed: false)
            switch contents.read([key], at: timestamp) {
            case .entries(let entries):
                let content = entries.first.flatMap { $0?.content }
                if content != expected[key] { return "\(key.text) is another in the snapshot at \(timestamp)" }
            case .tooOld: return nil
            case let other: return "\(key.text) cannot be read at \(timestamp): \(other)"
            }
        }
        return nil
    }

    // MARK: Words

    private var described: String {
        operations.map { operation in
            let seen = (operation.seen + operation.pages.flatMap(\.entries))
                .map { "\($0.key.text)=\(Self.described($0.content))" }
            let end = operation.end == .max ? "…" : "\(operation.end)"
            return
                "\(operation.name)[\(operation.begin)–\(end)] \(Self.described(operation.kind)) saw {\(seen.joined(separator: " "))}"
        }.joined(separator: ", ")
    }

    private static func described(_ kind: Operation.Kind) -> String {
        switch kind {
        case .read(let timestamp): "read\(timestamp.map { " at \($0)" } ?? "")"
        case .committed(let timestamp): "committed at \(timestamp)"
        case .refused(let refusal, let key): "refused \(refusal.rawValue) \(key.text)"
        case .perhaps: "unknown"
        }
    }

    private static func described(_ content: StoredEntry.Content?) -> String {
        switch content {
        case nil: "nothing"
        case .bytes(let bytes)?: bytes.text
        case .counter(let value)?: "\(value)"
        }
    }

    private static func described(_ state: [[UInt8]: StoredEntry.Content]) -> String {
        state.keys.sorted { KeyOrder.compare($0, $1) < 0 }
            .map { "\($0.text)=\(described(state[$0]))" }.joined(separator: " ")
    }
}
