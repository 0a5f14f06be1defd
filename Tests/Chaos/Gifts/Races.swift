import NIOHTTP1
import Synchronization

/// What many want at the same time and only some can have, while a node is killed.
struct Races {
    let client: PersistentClient
    private static let crowd = 100

    // MARK: One wallet

    /// A hundred gifts from a wallet that can pay for forty of them: forty succeed, the others are refused for good.
    ///
    /// - Parameter expected: How many gifts the wallet can pay for.
    func overdraw(
        _ cause: String,
        paysFor expected: Int = 40,
        _ strikes: inout Strikes,
        _ dice: inout Dice
    ) async throws -> (text: String, violations: [String]) {
        let (price, rest): (Int64, Int64) = (100, 99)
        let opening = price * Int64(expected) + rest
        let donor = try await Donor.make("poor-donor", opening: opening, client, &dice)
        let tolds = Tolds(Self.crowd)
        let isOver = Latch()
        let watching = dice.fork()
        async let overdrafts = watch(donor, watching, until: isOver)
        let all = (0..<Self.crowd).map { _ in dice.fork() }
        do {
            try await strikes.during(answered: tolds.answered, of: Self.crowd) { [client] in
                try await inParallel(0..<Self.crowd, atOnce: Self.crowd) { number in
                    var dice = all[number]
                    let node = Cluster.nodes[number % Cluster.nodes.count]
                    tolds.note(
                        number,
                        await donor.give(price, to: cause, key: "debit-\(number)", at: node, client, &dice)
                    )
                }
            }
        } catch {
            isOver.set()
            throw error
        }
        isOver.set()
        var violations = await overdrafts
        let paid = tolds.all.count { $0.status == 201 }
        let refused = tolds.all.count { $0.status == 409 && $0.summary.contains("insufficient-funds") }
        if paid != expected || refused != Self.crowd - expected {
            violations.append("a wallet that can pay for \(expected) gifts paid for \(paid), and refused \(refused)")
        }
        let left = await donor.balance(client, &dice)
        if left != rest { violations.append("a wallet holds \(left.map(String.init) ?? "nothing"), not \(rest)") }
        violations += try await changedMinds(donor, cause, price, tolds, &dice)
        let sends = tolds.all.map(\.sends).reduce(0, +)
        return ("\(Self.crowd) debits: \(paid) paid, \(refused) refused, \(sends) sends", violations)
    }

    /// Sends all debits once more, now that there is money: a refusal stays one.
    private func changedMinds(
        _ donor: Donor,
        _ cause: String,
        _ price: Int64,
        _ tolds: Tolds,
        _ dice: inout Dice
    ) async throws -> [String] {
        let topUp = await donor.topUp(price * Int64(Self.crowd), key: "later", client, &dice)
        if topUp.status != 201 { throw Trouble("a wallet cannot be filled again: \(topUp.summary)") }
        let again = Tolds(Self.crowd)
        let all = (0..<Self.crowd).map { _ in dice.fork() }
        try await inParallel(0..<Self.crowd, atOnce: Self.crowd / 4) { [client] number in
            var dice = all[number]
            again.note(number, await donor.give(price, to: cause, key: "debit-\(number)", client, &dice))
        }
        return again.differences(from: tolds)
    }

    private func watch(_ donor: Donor, _ dice: Dice, until isOver: Latch) async -> [String] {
        var dice = dice
        var violations: [String] = []
        while !isOver.isSet, !Interruption.isRequested {
            if let balance = await donor.balance(client, &dice), balance < 0 {
                violations.append("a wallet was overdrawn: \(balance)")
            }
            try? await Task.sleep(for: .milliseconds(5))
        }
        return violations
    }

    // MARK: One name

    /// A hundred sign-ups under one name: one gets it.
    func signUp(_ strikes: inout Strikes, _ dice: inout Dice) async throws -> (text: String, violations: [String]) {
        let tolds = Tolds(Self.crowd)
        let all = (0..<Self.crowd).map { _ in dice.fork() }
        try await strikes.during(answered: tolds.answered, of: Self.crowd) { [client] in
            try await inParallel(0..<Self.crowd, atOnce: Self.crowd) { number in
                var dice = all[number]
                let told = await client.ask(
                    .POST,
                    "/v1/users",
                    Donor.body("the-name", Self.password(number), number: number),
                    at: Cluster.nodes[number % Cluster.nodes.count],
                    key: "name-\(number)",
                    timeout: PersistentClient.passwordTimeout,
                    patience: PersistentClient.passwordPatience,
                    &dice
                )
                tolds.note(number, told)
            }
        }
        let winners = tolds.all.indices.filter { tolds.all[$0].status == 201 }
        let losers = tolds.all.count { $0.status == 409 && $0.summary.contains("username-taken") }
        var violations: [String] = []
        if winners.count != 1 || losers != Self.crowd - 1 {
            violations.append("of \(Self.crowd) who wanted a name \(winners.count) got it, \(losers) were refused")
        }
        if let winner = winners.first {
            let own = await Donor.logIn("the-name", Self.password(winner), client, &dice)
            if own.status != 201 { violations.append("who got the name cannot log in: \(own.summary)") }
            let other = await Donor.logIn("the-name", Self.password(winner + 1), client, &dice)
            if other.status != 401 { violations.append("who did not get the name logged in: \(other.summary)") }
        }
        let sends = tolds.all.map(\.sends).reduce(0, +)
        return ("\(Self.crowd) sign-ups: \(winners.count) got the name, \(losers) refused, \(sends) sends", violations)
    }

    private static func password(_ number: Int) -> String { "\(Donor.password) \(number)" }
}

/// What each of a crowd was told.
private final class Tolds: Sendable {
    let answered = Counter()
    private let tolds: Mutex<[PersistentClient.Told?]>

    init(_ count: Int) { tolds = Mutex(Array(repeating: nil, count: count)) }

    var all: [PersistentClient.Told] { tolds.withLock { $0.map { $0 ?? .init() } } }

    func note(_ number: Int, _ told: PersistentClient.Told) {
        tolds.withLock { $0[number] = told }
        _ = answered.next()
    }

    /// What was not told again as it was told first.
    func differences(from first: Tolds) -> [String] {
        zip(first.all, all).enumerated().compactMap { number, pair in
            if pair.0.status == pair.1.status, pair.1.isReplay { return nil }
            return "request \(number), sent again, came to \(pair.1.summary), not \(pair.0.summary)"
        }
    }
}
