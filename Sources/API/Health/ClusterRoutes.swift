internal import HTTPTypes
internal import Hummingbird
internal import KVStore

/// `GET /v1/cluster`, and what may be done to it: for operators, since it tells addresses and whose keys lie where.
struct ClusterRoutes: Sendable {
    let inspector: any ClusterInspector
    let cluster: any ClusterOperator
    let bodies: RequestBodies

    private static let bodyBytesLimit = 4 << 10

    func add(to router: some RouterMethods<APIContext>) {
        router.resource(
            "/v1/cluster",
            [.get: { _, _ in .json(await inspector.report().json, headers: [.cacheControl: "no-store"]) }]
        )
        router.resource("/v1/cluster/partitions/{id}/transfer-leadership", [.post: transferLeadership])
        router.resource("/v1/cluster/nodes/{id}/drain", [.post: { try await drain($0, $1, true) }])
        router.resource("/v1/cluster/nodes/{id}/undrain", [.post: { try await drain($0, $1, false) }])
    }

    /// `{"to"?: "2"}` → 204 when another leads.
    private func transferLeadership(_ request: Request, _ context: APIContext) async throws -> Response {
        let partition = try id(context)
        let body = try await bodies.read(request, limitBytes: Self.bodyBytesLimit)
        var target: UInt64?
        if body.buffer.readableBytes > 0 {
            var members = try BodyMembers(of: request, body.buffer)
            if let text = try members.optionalString("to", bytes: 1...20) {
                guard let number = UInt64(text) else {
                    throw Problem.invalid(pointer: "/to", "must be a node's number in a string")
                }
                target = number
            }
            try members.end()
        }
        try await tell(request) { () throws(ClusterOperationError) in
            try await cluster.transferLeadership(of: partition, to: target)
        }
        return Response(status: .noContent)
    }

    private func drain(_ request: Request, _ context: APIContext, _ isDraining: Bool) async throws -> Response {
        let node = try id(context)
        try await tell(request) { () throws(ClusterOperationError) in
            try await cluster.setDraining(isDraining, node: node)
        }
        return Response(status: .noContent)
    }

    private func id(_ context: APIContext) throws(Problem) -> UInt64 {
        guard let id = context.parameters.get("id").flatMap({ UInt64($0) }) else {
            throw .notFound("The id must be a number.")
        }
        return id
    }

    private func tell(
        _ request: Request,
        _ order: () async throws(ClusterOperationError) -> Void
    ) async throws(Problem) {
        do throws(ClusterOperationError) {
            try await order()
        } catch {
            switch error {
            case .notFound(let what): throw .notFound(what)
            case .refused(let why):
                throw Problem(
                    status: .conflict,
                    code: "refused",
                    title: "It cannot be done as things are.",
                    detail: why
                )
            case .noLeader: throw Problem(KeyValueError.noLeader, location: request.uri.path)
            case .outcomeUnknown: throw Problem(KeyValueError.outcomeUnknown, location: "/v1/cluster")
            }
        }
    }
}
