internal import Raft

/// What a partition's leader looks at of what has been applied; see ``PartitionContents``.
struct AppliedContents: PartitionContents {
    let machine: StateMachine
    /// Is told of what cannot be read.
    var loop: StoreLoop?

    /// Timestamps below this may have been handed out.
    var reservedTimestamps: Timestamp { machine.facts.reserved }

    var epoch: UInt64 { machine.facts.epoch }

    func holder(against claims: Claims, except attempt: TransactionID?) -> (holder: IntentHolder, key: [UInt8])? {
        let intents = machine.intents
        if intents.isEmpty { return nil }
        for claim in claims.points {
            if let holder = intents.conflict(on: claim.key, IntentMode(claim.mode), except: attempt) {
                return (holder, claim.key)
            }
        }
        for range in claims.ranges {
            if let found = intents.conflict(in: range, except: attempt) { return found }
        }
        return nil
    }

    func holders(
        changing keys: [[UInt8]],
        upTo timestamp: Timestamp?,
        except attempt: TransactionID?
    ) -> [IntentHolder] {
        let intents = machine.intents
        if intents.isEmpty { return [] }
        return Self.holders(keys.flatMap { intents.intents(on: $0) }.filter(\.mode.changes), timestamp, attempt)
    }

    func holders(changing range: KeyRange, upTo timestamp: Timestamp) -> [IntentHolder] {
        Self.holders(machine.intents.intents(changing: range), timestamp, nil)
    }

    func holders(expiredAt now: Timestamp) -> [IntentHolder] { machine.intents.holders(expiredBefore: now) }

    func anchor(of attempt: TransactionID) -> [UInt8]? { machine.intents.anchor(of: attempt) }

    func read(_ keys: [[UInt8]], at timestamp: Timestamp?) -> PartitionResponse {
        let reader = machine.reader
        do throws(StateMachineError) {
            var entries: [StoredEntry?] = []
            entries.reserveCapacity(keys.count)
            var bytes = 0
            for key in keys where bytes < WireLimits.readBytes {
                let entry: StoredEntry?
                if let timestamp {
                    entry = try reader.entry(of: key, at: timestamp)
                } else {
                    entry = try reader.latest(of: key)
                }
                entries.append(entry)
                bytes += entry?.sizeBytes ?? 0
            }
            return .entries(entries)
        } catch {
            return response(to: error)
        }
    }

    func scan(_ range: KeyRange, at timestamp: Timestamp, limit: ScanLimit) -> PartitionResponse {
        do throws(StateMachineError) {
            let limit = ScanLimit(entries: limit.entries, bytes: min(limit.bytes, WireLimits.readBytes))
            return .page(try machine.reader.entries(in: range, at: timestamp, limit: limit))
        } catch {
            return response(to: error)
        }
    }

    /// Of a record that cannot be read nothing is said: then the log has to decide, whose entries look at it themselves.
    func record(of attempt: TransactionID, primary: [UInt8]) -> TransactionOutcome? {
        do throws(StateMachineError) {
            return try machine.reader.outcome(of: attempt, primary: primary)
        } catch {
            loop?.readFailed(error, of: machine.keys.partition)
            return nil
        }
    }

    private func response(to error: StateMachineError) -> PartitionResponse {
        loop?.readFailed(error, of: machine.keys.partition)
        return PartitionResponse(error)
    }

    /// Each once, in the order in which they are found; those that commit above the timestamp are in nobody's way.
    private static func holders(
        _ intents: [KeyIntent],
        _ timestamp: Timestamp?,
        _ own: TransactionID?
    ) -> [IntentHolder] {
        var holders: [IntentHolder] = []
        for intent in intents where intent.holder.id != own {
            if let timestamp, intent.floor >= timestamp { continue }
            if !holders.contains(where: { $0.id == intent.holder.id }) { holders.append(intent.holder) }
        }
        return holders
    }
}

extension IntentMode {
    init(_ mode: ClaimMode) {
        switch mode {
        case .exclusive: self = .exclusive
        case .shared: self = .shared
        case .additive: self = .additive
        }
    }
}

extension PartitionResponse {
    /// Why a read came to nothing.
    init(_ error: StateMachineError) {
        switch error {
        case .belowSafePoint: self = .tooOld
        case .limit(let error): self = .invalid(error)
        // The node ends, or has ended: another one will tell.
        case .engine, .damaged: self = .moved(to: nil, mayHappen: true)
        default: self = .unreadable("\(error)")
        }
    }
}

extension CommandOutcome {
    /// What a step of a transaction came to; nil for what is none, or of which nobody knows.
    var step: TransactionOutcome? { if case .transaction(let outcome) = self { outcome } else { nil } }
}

extension Store {
    /// The state machine of a replica; nil where there is none.
    func machine(of partition: PartitionID) -> StateMachine? { replicas[partition]?.machine }
}
