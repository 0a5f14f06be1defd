internal import KVStore

/// Registers under keys of transactions, one in each: what `/v1/kv` offers. They are judged as other registers are, by a
/// search that knows nothing of timestamps.
final class TransactionRegisterWorkload: TransactionWorkload {
    let name = "registers"
    private var recorder = HistoryRecorder<RegisterOperation>()
    /// Operations that had no effect and no answer: there was nothing.
    private var withdrawn: [HistoryRecorder<RegisterOperation>.Handle] = []
    private let names: [String]
    private var writes = 0
    /// What clients believe to be in the registers.
    private var seen: [String: String] = [:]

    init(_ chance: inout Chance) { names = (0..<chance.from(1...4)).map { "r\($0)" } }

    func opening() -> [TransactionJob] { [] }

    func next(_ chance: inout Chance) -> TransactionJob {
        let name = chance.pick(names)
        let patience = Duration.milliseconds(chance.from(300...4000))
        writes += 1
        let value = "v\(writes)"
        switch chance.below(100) {
        case 0..<40: return get(name, chance.percent(70) ? .latest : .look, patience)
        case 40..<65: return put(name, value, patience)
        case 65..<75: return delete(name, patience)
        default: return swap(name, expected: seen[name], value, patience)
        }
    }

    func closing(_ chance: inout Chance) -> [TransactionJob] { names.map { get($0, .latest, .seconds(60)) } }

    func findings() -> [String] {
        let gone = Set(withdrawn.map(\.index))
        let entries = recorder.history.entries.enumerated().filter { !gone.contains($0.offset) }.map(\.element)
        let judgement = RegisterLinearizability(of: RegisterHistory(entries: entries))
        return judgement.failures.map(\.description) + judgement.undecided.map(\.description)
    }

    // MARK: Jobs

    private func get(_ name: String, _ way: TransactionPlan.Way, _ patience: Duration) -> TransactionJob {
        let plan = TransactionPlan(way: way, reads: [TransactionKeys.key(name)], patience: patience)
        return job(plan, name, .get) { verdict in
            guard case .committed(_, let view) = verdict else { return nil }
            return .value(Self.text(view.entries[0]))
        }
    }

    private func put(_ name: String, _ value: String, _ patience: Duration) -> TransactionJob {
        let change = TransactionDraft.Change(key: TransactionKeys.key(name), .put(Array(value.utf8)))
        let plan = TransactionPlan(way: .change, patience: patience) { _ in TransactionDraft(changes: [change]) }
        return job(plan, name, .put(value)) { if case .committed = $0 { .done } else { nil } }
    }

    private func delete(_ name: String, _ patience: Duration) -> TransactionJob {
        let change = TransactionDraft.Change(key: TransactionKeys.key(name), .delete)
        let plan = TransactionPlan(way: .change, patience: patience) { _ in TransactionDraft(changes: [change]) }
        return job(plan, name, .del) { if case .committed = $0 { .done } else { nil } }
    }

    /// Reads, compares, and writes with the read to be validated, or with a check of the version that was read.
    private func swap(
        _ name: String,
        expected: String?,
        _ value: String,
        _ patience: Duration
    ) -> TransactionJob {
        let key = TransactionKeys.key(name)
        var isOther = false
        let plan = TransactionPlan(way: .change, reads: [key], patience: patience) { view in
            isOther = Self.text(view.entries[0]) != expected
            if isOther { return nil }
            let condition = view.entries[0].map { TransactionDraft.Condition.hasVersion($0.version) } ?? .isAbsent
            return TransactionDraft(
                checks: [.init(key: key, condition)],
                changes: [.init(key: key, .put(Array(value.utf8)))]
            )
        }
        return job(plan, name, .cas(expected: expected, new: value)) { verdict in
            switch verdict {
            case .committed: .swapped(true)
            case .failed: isOther ? .swapped(false) : nil
            case .refused, .unknown: nil
            }
        }
    }

    private static func text(_ entry: StoredEntry?) -> String? {
        guard case .bytes(let bytes)? = entry?.content else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func job(
        _ plan: TransactionPlan,
        _ register: String,
        _ action: RegisterOperation.Action,
        _ answer: @escaping (TransactionVerdict) -> RegisterOperation.Answer?
    ) -> TransactionJob {
        var handle: HistoryRecorder<RegisterOperation>.Handle?
        return TransactionJob(plan: plan) { [self] client, nowNs in
            handle = recorder.begin(client: client, operation: .init(key: register, action: action), at: nowNs)
        } answered: { [self] verdict, nowNs in
            guard let asked = handle else { return }
            handle = nil
            if let found = answer(verdict) {
                switch found {
                case .value(let value): seen[register] = value
                case .done, .swapped: break
                }
                return recorder.finish(asked, answer: found, at: nowNs)
            }
            if case .unknown = verdict { return }
            withdrawn.append(asked)
        }
    }
}
