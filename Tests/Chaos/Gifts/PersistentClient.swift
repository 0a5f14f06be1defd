import NIOHTTP1

/// A client that wants to be told: what may have come to nothing it sends again, under the same key, to any node.
struct PersistentClient: Sendable {
    /// What it was told in the end.
    struct Told: Sendable {
        /// nil where nobody has told in time.
        var answer: Door.Answer?
        var sends = 0

        var status: Int? { answer?.status }
        /// Whether the answer says that it was given before.
        var isReplay: Bool { answer?.headers.first(name: "Idempotent-Replayed") == "true" }
        var summary: String { answer.map { "\($0.status) \($0.text.prefix(200))" } ?? "no answer" }
    }

    let cluster: Cluster
    private static let timeout = Duration.seconds(5)
    private static let patience = Duration.seconds(120)
    /// Passwords are checked few at a time, and whoever sends again while he waits for his turn makes the queue longer.
    static let passwordTimeout = Duration.seconds(60)
    static let passwordPatience = Duration.seconds(300)
    /// Milliseconds; they double from one to the other, so that a crowd does not keep a cluster from coming back.
    private static let (firstPause, longestPause) = (20, 1_000)

    init(_ cluster: Cluster) { self.cluster = cluster }

    /// Asks until somebody tells.
    ///
    /// - Parameters:
    ///   - node: Whom to ask first.
    ///   - user: The token of who asks; without it the administrator asks.
    ///   - key: What names the request, however often it is sent.
    func ask(
        _ method: HTTPMethod,
        _ path: String,
        _ body: String? = nil,
        at node: Int? = nil,
        as user: String? = nil,
        key: String? = nil,
        timeout: Duration = timeout,
        patience: Duration = patience,
        _ dice: inout Dice
    ) async -> Told {
        var headers = [("Content-Type", "application/json")]
        if let key { headers.append(("Idempotency-Key", key)) }
        var told = Told()
        let end = ContinuousClock.now + patience
        var node = node ?? dice.pick(Cluster.nodes)
        var longest = Self.firstPause
        while ContinuousClock.now < end, !Interruption.isRequested {
            told.sends += 1
            let outcome = await cluster.door.ask(
                cluster.endpoint(of: node),
                method,
                path,
                headers: body == nil ? [] : headers,
                body: body.map { Array($0.utf8) },
                as: user,
                timeout: timeout
            )
            if case .answer(let answer) = outcome, Self.isLast(answer) {
                told.answer = answer
                return told
            }
            node = dice.pick(Cluster.nodes)
            try? await Task.sleep(for: .milliseconds(dice.from(longest / 2...longest)))
            longest = min(longest * 2, Self.longestPause)
        }
        return told
    }

    /// Whether nothing is to be gained by asking again.
    private static func isLast(_ answer: Door.Answer) -> Bool {
        switch answer.status {
        case 429, 503, 504: false
        case 409: !answer.text.contains("\"request-in-flight\"")
        default: true
        }
    }
}

/// Does something with each number, so many at a time.
func inParallel(
    _ numbers: Range<Int>,
    atOnce limit: Int,
    _ body: @escaping @Sendable (Int) async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for number in numbers {
            if number - numbers.lowerBound >= limit { try await group.next() }
            group.addTask { try await body(number) }
        }
        try await group.waitForAll()
    }
}
