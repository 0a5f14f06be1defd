internal import HTTPTypes
internal import Hummingbird
internal import KVStore
internal import NIOCore

/// `/v1/kv`: the store itself, for operators. Values are raw bytes, versions entity tags.
struct KeyValueRoutes: Sendable {
    let store: any KeyValueService
    let bodies: RequestBodies
    /// How long a write is tried before its outcome is called unknown.
    let writePatience: Duration

    func add(to router: some RouterMethods<APIContext>) {
        router.resource("/v1/kv/**", [.get: value, .put: put, .delete: delete])
        router.resource("/v1/kv", [.get: pageOrValue, .put: put, .delete: delete])
    }

    /// A key of slashes only, which the router takes for the path of all keys.
    private func pageOrValue(_ request: Request, _ context: APIContext) async throws -> Response {
        try KeyInPath.key(request.uri.path) == nil ? await page(request) : await value(request, context)
    }

    func value(_ request: Request, _ context: APIContext) async throws -> Response {
        let key = try key(request)
        let consistency = try consistency(Query(of: request))
        guard
            let found = try await ask(
                request,
                { () throws(KeyValueError) in try await store.value(of: key, consistency) }
            )
        else { throw Problem.notFound("The key has no value.") }
        let headers: HTTPFields = [
            .eTag: EntityTag(found.version).text, .contentType: "application/octet-stream", .cacheControl: "no-store",
        ]
        if Conditions.readerHas(found.version, request.headers) {
            return Response(status: .notModified, headers: headers)
        }
        let body = try ResponseBody.counted(ByteBuffer(bytes: found.bytes), against: bodies.budget)
        return Response(status: .ok, headers: headers, body: body)
    }

    func put(_ request: Request, _ context: APIContext) async throws -> Response {
        let key = try key(request)
        let condition = try Conditions.ofWrite(request.headers)
        let body = try await bodies.read(request, limitBytes: KeyValueLimits.valueBytes)
        let value = Array(body.buffer.readableBytesView)
        let version = try await ask(request) { () throws(KeyValueError) in
            try await store.put(value, at: key, if: condition, patience: writePatience)
        }
        withExtendedLifetime(body.reservation) {}
        // Whether the key is new is only known where that was the condition.
        return Response(
            status: condition == .isAbsent ? .created : .noContent,
            headers: [.eTag: EntityTag(version).text]
        )
    }

    func delete(_ request: Request, _ context: APIContext) async throws -> Response {
        let key = try key(request)
        let condition = try Conditions.ofWrite(request.headers)
        if condition == .isAbsent {
            throw Problem.invalid(parameter: "If-None-Match", "must not be given when something is to be removed")
        }
        try await ask(request) { () throws(KeyValueError) in
            try await store.delete(key, if: condition, patience: writePatience)
        }
        return Response(status: .noContent)
    }

    private func page(_ request: Request) async throws -> Response {
        let query = try Query(of: request)
        let prefix = try query.bytes("prefix") ?? []
        guard prefix.count <= KeyValueLimits.keyBytes else {
            throw Problem.invalid(parameter: "prefix", "must be at most \(KeyValueLimits.keyBytes) bytes")
        }
        let limit = try query.int("limit", in: 1...KeyValueLimits.pageEntries) ?? 100
        let cursor = try query.text("cursor").map { text throws(Problem) in
            try PageCursor(text, prefix: prefix)
        }
        let consistency = try consistency(query)
        let page = try await ask(request) { () throws(KeyValueError) in
            try await store.page(
                prefix: prefix,
                from: cursor?.key,
                at: cursor?.timestamp,
                limit: limit,
                consistency
            )
        }
        let body = try ResponseBody.counted(PageAnswer.json(page).text, against: bodies.budget)
        return Response(
            status: .ok,
            headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: body
        )
    }

    private func key(_ request: Request) throws(Problem) -> [UInt8] {
        guard let key = try KeyInPath.key(request.uri.path) else {
            throw .invalid(parameter: "key", "must be at least one byte")
        }
        return key
    }

    private func consistency(_ query: Query) throws(Problem) -> ReadConsistency {
        switch try query.text("consistency") {
        case nil, "linearizable": .linearizable
        case "stale": .stale
        case .some: throw .invalid(parameter: "consistency", "must be linearizable or stale")
        }
    }

    /// Asks the store, and tells its refusal as a problem. The outcome of a write can be seen at the key itself.
    private func ask<Answer>(
        _ request: Request,
        _ question: () async throws(KeyValueError) -> Answer
    ) async throws(Problem) -> Answer {
        do throws(KeyValueError) {
            return try await question()
        } catch {
            throw Problem(error, location: request.uri.path)
        }
    }
}
