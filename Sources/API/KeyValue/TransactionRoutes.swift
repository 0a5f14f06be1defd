internal import HTTPTypes
internal import Hummingbird
internal import KVStore
internal import NIOCore

/// `/v1/kv/transactions`: any of the operators' keys, all at one moment.
///
/// A transaction with an id happens once: a record under the id is inserted in the same commit, and a refusal is recorded
/// in a commit of its own. Whoever sends the id again is told the first outcome.
///
/// The path is that of a key, too: the methods that keys have are about the key `transactions`.
struct TransactionRoutes: Sendable {
    let database: Database
    let keys: KeyValueRoutes
    let bodies: RequestBodies

    func add(to router: some RouterMethods<APIContext>) {
        router.resource(
            "/v1/kv/transactions",
            [.get: keys.value, .put: keys.put, .delete: keys.delete, .post: commit]
        )
        router.resource("/v1/kv-transactions/:id", [.get: outcome])
    }

    private func commit(_ request: Request, _ context: APIContext) async throws -> Response {
        let held = try await bodies.read(request, limitBytes: TransactionLimits.bytes / 2)
        let body = try TransactionBody(request, held.buffer)
        let outcome: TransactionRecord.Told
        if let id = body.id {
            outcome = try await once(body, id)
        } else {
            do {
                let committed = try await run(body, nil)
                outcome = .init(.committed, committed.timestamp, reads: committed.value)
            } catch let error as TransactionError {
                throw Problem(error, location: nil)
            } catch is TransactionReads.TooMuch {
                throw Problem.tooMuchRead
            }
        }
        withExtendedLifetime(held.reservation) {}
        return try response(outcome, body.id, body.reads)
    }

    /// What became of a transaction with an id.
    private func outcome(_ request: Request, _ context: APIContext) async throws -> Response {
        let id = try context.parameters.require("id")
        do {
            let snapshot = try await database.snapshot()
            guard let entry = try await snapshot.get(TransactionRecord.key(of: id)) else {
                throw Problem.notFound("No transaction with this id is known.")
            }
            return try response(TransactionRecord(entry).told(at: entry.version), id, [])
        } catch let error as TransactionError {
            throw Problem(error, location: nil)
        }
    }

    // MARK: Once

    private func once(_ body: TransactionBody, _ id: String) async throws -> TransactionRecord.Told {
        let digest = body.digest
        let key = TransactionRecord.key(of: id)
        let location = "/v1/kv-transactions/\(id)"
        do {
            let record = TransactionRecord(outcome: .committed, digest: digest)
            let committed = try await run(body, (key, record.encoded))
            return .init(.committed, committed.timestamp, reads: committed.value)
        } catch TransactionError.refused(_, let place) where place == key {
            return try await first(key, digest, location)
        } catch is TransactionReads.TooMuch {
            return try await refuse(.tooMuchRead, digest, key, location)
        } catch let error as TransactionError {
            guard let refusal = TransactionRecord.Outcome(error) else { throw Problem(error, location: location) }
            return try await refuse(refusal, digest, key, location)
        }
    }

    /// Records a refusal, so that it stays one; or finds that there is an outcome already.
    private func refuse(
        _ refusal: TransactionRecord.Outcome,
        _ digest: [UInt8],
        _ key: [UInt8],
        _ location: String
    ) async throws -> TransactionRecord.Told {
        do {
            let record = TransactionRecord(outcome: refusal, digest: digest)
            let committed = try await database.transact { try $0.insert(record.encoded, at: key) }
            return .init(refusal, committed.timestamp, reads: nil)
        } catch TransactionError.refused {
            return try await first(key, digest, location)
        } catch is TransactionError {
            throw Problem(TransactionError.unknown, location: location)
        }
    }

    /// The first outcome of an id.
    private func first(
        _ key: [UInt8],
        _ digest: [UInt8],
        _ location: String
    ) async throws -> TransactionRecord.Told {
        do {
            guard let entry = try await database.snapshot().get(key) else {
                throw Problem(TransactionError.unknown, location: location)
            }
            let record = try TransactionRecord(entry)
            guard record.digest == digest else {
                throw Problem(
                    status: .unprocessableContent,
                    code: "id-reused",
                    title: "Another transaction has this id.",
                    faults: [.init(place: .pointer("/id"), code: "id-reused", detail: "was sent with another body")]
                )
            }
            return record.told(at: entry.version)
        } catch is TransactionError {
            throw Problem(TransactionError.unknown, location: location)
        }
    }

    private func run(
        _ body: TransactionBody,
        _ record: (key: [UInt8], value: [UInt8])?
    ) async throws -> Committed<TransactionReads> {
        try await database.transact(patience: body.patience) { transaction in
            var found = TransactionReads()
            for key in body.reads { try found.add(try await transaction.get(key), at: key) }
            try found.reserveAnswer(in: bodies.budget)
            for check in body.checks { transaction.check(check.key, check.condition) }
            for change in body.changes {
                switch change.kind {
                case .put(let value): transaction.put(value, at: change.key)
                case .insert(let value): try transaction.insert(value, at: change.key)
                case .delete: transaction.delete(change.key)
                case .add(let addition):
                    try transaction.add(
                        addition.delta,
                        to: change.key,
                        floor: addition.floor,
                        ceiling: addition.ceiling
                    )
                }
            }
            if let record { try transaction.insert(record.value, at: record.key) }
            return found
        }
    }

    // MARK: Answers

    private func response(_ told: TransactionRecord.Told, _ id: String?, _ reads: [[UInt8]]) throws -> Response {
        if let problem = told.outcome.problem { throw problem }
        var members: [(name: String, value: JSON)] = [
            ("outcome", .string("committed")),
            ("id", .optional(id)),
            ("timestamp", .string(String(told.timestamp.rawValue))),
        ]
        if let found = told.reads {
            members.append(("reads", .array(zip(reads, found.entries).map { Self.json($0, $1) })))
        }
        let text = JSON.object(members).text
        return Response(
            status: .ok,
            headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: .counted(text, by: told.reads?.reservation)
        )
    }

    private static func json(_ stored: [UInt8], _ entry: StoredEntry?) -> JSON {
        let key = JSON.string(String(decoding: OperatorKeys.known(stored), as: UTF8.self))
        guard let value = entry.map({ VersionedValue($0) }) else {
            return .object([("key", key), ("value", .null), ("version", .null)])
        }
        return .object([
            ("key", key), ("value", .base64(value.bytes)), ("version", .string(String(value.version.rawValue))),
        ])
    }
}
