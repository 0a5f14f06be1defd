internal import Domain
internal import HTTPTypes
internal import Hummingbird
internal import KVStore
internal import ServiceLifecycle

/// `POST /v1/verify`: looks through all money at one moment. For operators: it reads everything.
struct VerificationRoutes: Sendable {
    let verification: Verification
    let moments: Moments

    func add(to router: some RouterMethods<APIContext>) { router.resource("/v1/verify", [.post: verify]) }

    private func verify(_ request: Request, _ context: APIContext) async throws -> Response {
        let moment = try await moments.timestamp(Query(of: request))
        // It may take minutes, for which a node that is told to end does not wait.
        let report = try await cancelWhenGracefulShutdown { try await verification.run(at: moment) }
        return .json(Self.json(report), headers: [.cacheControl: "no-store"])
    }

    private static func json(_ report: VerificationReport) -> JSON {
        let counts = report.counts
        let sums = report.sums.map { sum in
            JSON.object([
                ("currency", .string(sum.currency.code)), ("debits", .string(String(sum.debits))),
                ("credits", .string(String(sum.credits))), ("pendingDebits", .string(String(sum.pendingDebits))),
                ("pendingCredits", .string(String(sum.pendingCredits))),
            ])
        }
        let breaches = report.breaches.map { breach in
            JSON.object([("rule", .string(breach.rule)), ("detail", .string(breach.detail))])
        }
        return .object([
            ("holds", .bool(report.holds)), ("at", .string(String(report.at.rawValue))),
            ("time", .string(report.at.instant.description)),
            (
                "counts",
                .object([
                    ("accounts", .int(counts.accounts)), ("entries", .int(counts.entries)),
                    ("holds", .int(counts.holds)), ("transfers", .int(counts.transfers)),
                    ("donations", .int(counts.donations)), ("topUps", .int(counts.topUps)),
                    ("requests", .int(counts.requests)), ("events", .int(counts.events)),
                ])
            ),
            ("currencies", .array(sums)), ("breachCount", .int(report.breachCount)), ("breaches", .array(breaches)),
        ])
    }
}
