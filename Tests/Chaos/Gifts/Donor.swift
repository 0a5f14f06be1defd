import FoundationEssentials
import NIOHTTP1
import Synchronization

/// Somebody who gives: an account, a session, a wallet with money in it.
struct Donor: Sendable {
    let name: String
    let token: String
    /// What was put into the wallet at first.
    let opening: Int64

    static let password = "correct horse battery"

    /// Signs up, logs in and fills the wallet. Each password costs a node a tenth of a second.
    static func make(
        _ name: String,
        opening: Int64,
        _ client: PersistentClient,
        _ dice: inout Dice
    ) async throws -> Donor {
        let signUp = await client.ask(
            .POST,
            "/v1/users",
            body(name, password),
            key: "sign-up-\(name)",
            timeout: PersistentClient.passwordTimeout,
            patience: PersistentClient.passwordPatience,
            &dice
        )
        guard signUp.status == 201 else { throw Trouble("\(name) cannot sign up: \(signUp.summary)") }
        let donor = Donor(name: name, token: try await token(name, client, &dice), opening: opening)
        let topUp = await donor.topUp(opening, key: "opening", client, &dice)
        guard topUp.status == 201 else { throw Trouble("\(name) has no money: \(topUp.summary)") }
        return donor
    }

    /// Makes many, some at a time, since nodes check few passwords at once.
    static func make(
        _ count: Int,
        opening: Int64,
        _ client: PersistentClient,
        _ dice: inout Dice
    ) async throws -> [Donor] {
        let made = Mutex<[Donor?]>(Array(repeating: nil, count: count))
        let all = (0..<count).map { _ in dice.fork() }
        try await inParallel(0..<count, atOnce: 12) { number in
            var dice = all[number]
            let donor = try await make("donor-\(number)", opening: opening, client, &dice)
            made.withLock { $0[number] = donor }
        }
        return made.withLock { $0.compactMap(\.self) }
    }

    /// What `POST /v1/users` takes.
    static func body(_ name: String, _ password: String, number: Int = 0) -> String {
        """
        {"username": "\(name)", "password": "\(password)", "name": "\(name)", "email": "\(name)-\(number)@example.org"}
        """
    }

    /// A token for an account.
    private static func token(_ name: String, _ client: PersistentClient, _ dice: inout Dice) async throws -> String {
        let told = await logIn(name, password, client, &dice)
        struct Session: Decodable {
            let accessToken: String
        }
        guard told.status == 201, let answer = told.answer else {
            throw Trouble("\(name) cannot log in: \(told.summary)")
        }
        return try JSONDecoder().decode(Session.self, from: Data(answer.body)).accessToken
    }

    static func logIn(
        _ name: String,
        _ password: String,
        _ client: PersistentClient,
        _ dice: inout Dice
    ) async -> PersistentClient.Told {
        let body = "{\"username\": \"\(name)\", \"password\": \"\(password)\"}"
        return await client.ask(
            .POST,
            "/v1/sessions",
            body,
            timeout: PersistentClient.passwordTimeout,
            patience: PersistentClient.passwordPatience,
            &dice
        )
    }

    // MARK: Money

    func topUp(
        _ amount: Int64,
        key: String,
        _ client: PersistentClient,
        _ dice: inout Dice
    ) async -> PersistentClient.Told {
        let body = "{\"amount\": \(amount), \"currency\": \"USD\", \"source\": \"tok_ok\"}"
        return await client.ask(.POST, "/v1/wallet/top-ups", body, as: token, key: key, &dice)
    }

    func give(
        _ amount: Int64,
        to cause: String,
        key: String,
        at node: Int? = nil,
        _ client: PersistentClient,
        _ dice: inout Dice
    ) async -> PersistentClient.Told {
        let body = """
            {"allocations": [{"eventId": "\(cause)", "amount": \(amount)}], "currency": "USD", \
            "source": {"type": "wallet"}}
            """
        return await client.ask(.POST, "/v1/donations", body, at: node, as: token, key: key, &dice)
    }

    /// What is in the wallet; nil where nobody tells.
    func balance(_ client: PersistentClient, at node: Int? = nil, _ dice: inout Dice) async -> Int64? {
        struct Wallet: Decodable {
            struct Balance: Decodable {
                let amount: Int64
            }

            let balances: [Balance]
        }
        let told = await client.ask(.GET, "/v1/wallet", at: node, as: token, &dice)
        guard told.status == 200, let answer = told.answer else { return nil }
        return try? JSONDecoder().decode(Wallet.self, from: Data(answer.body)).balances.first?.amount ?? 0
    }

    /// Makes a cause, and returns its id.
    func makeCause(_ client: PersistentClient, _ dice: inout Dice) async throws -> String {
        struct Cause: Decodable {
            let id: String
        }
        let body = "{\"name\": \"A well for the village\", \"currency\": \"USD\"}"
        let told = await client.ask(.POST, "/v1/events", body, as: token, key: "cause", &dice)
        guard told.status == 201, let answer = told.answer else {
            throw Trouble("there is no cause: \(told.summary)")
        }
        return try JSONDecoder().decode(Cause.self, from: Data(answer.body)).id
    }
}
