import FoundationEssentials
import NIOHTTP1
import Synchronization

/// Accounts in the store, and clients who move money among them.
final class Bank: Sendable {
    /// A transfer as its client saw it.
    private struct Transfer: Sendable {
        let id: String
        let from: Int
        let to: Int
        let amount: Int64
        let callNs: Int64
        var returnNs: Int64?
        /// Nil while nobody has told.
        var hasCommitted: Bool?
        var sends = 0
    }

    private struct State {
        var transfers: [Transfer] = []
        var audits = 0
        var violations: [String] = []
    }

    /// What a run has come to.
    struct Judgement: Sendable {
        var committed = 0
        var refused = 0
        var open = 0
        var retries = 0
        var audits = 0
        var p50 = 0
        var p99 = 0
        var longest = 0
        var violations: [String] = []
    }

    private let cluster: Cluster
    private let accounts: Int
    private let state = Mutex(State())
    private static let opening: Int64 = 1_000
    /// The most operations of one request are a thousand.
    private static let accountsOfRequest = 500

    init(_ cluster: Cluster, accounts: Int) {
        self.cluster = cluster
        self.accounts = accounts
    }

    /// Keys that differ in their first bytes lie in different partitions.
    private func key(_ account: Int) -> String { "\(String(account % 36, radix: 36))/account-\(account)" }

    // MARK: Clients

    /// Gives every account its opening balance.
    func open() async throws {
        for start in stride(from: 0, to: accounts, by: Self.accountsOfRequest) {
            let adds = (start..<min(accounts, start + Self.accountsOfRequest)).map { addition($0, Self.opening) }
            let body = "{\"id\": \"open-\(start)\", \"adds\": [\(adds.joined(separator: ","))]}"
            for _ in 0..<50 {
                if await send(body, to: 1)?.status == 200 { break }
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    /// Moves money until it is over. A transfer whose outcome is unknown is sent again under its id, to any node.
    func move(as client: Int, _ dice: Dice, until isOver: @Sendable () -> Bool) async {
        var dice = dice
        var number = 0
        while !isOver(), !Interruption.isRequested {
            number += 1
            let from = dice.below(accounts)
            let to = (from + 1 + dice.below(accounts - 1)) % accounts
            let transfer = Transfer(
                id: "t-\(client)-\(number)",
                from: from,
                to: to,
                amount: Int64(dice.from(1...50)),
                callNs: Ledger.now()
            )
            await decide(transfer, &dice, isOver)
        }
    }

    private func decide(_ begun: Transfer, _ dice: inout Dice, _ isOver: @Sendable () -> Bool) async {
        var transfer = begun
        let body = """
            {"id": "\(transfer.id)", "adds": [\(addition(transfer.from, -transfer.amount, floor: 0)), \
            \(addition(transfer.to, transfer.amount))], "deadlineMs": 3000}
            """
        let giveUp = Ledger.now() + 60_000_000_000
        while Ledger.now() < giveUp {
            transfer.sends += 1
            let answer = await send(body, to: dice.pick(Cluster.nodes))
            switch answer?.status {
            case 200: transfer.hasCommitted = true
            case 409: transfer.hasCommitted = answer?.text.contains("\"conflict\"") == true ? nil : false
            case nil, 503, 504, 429, 500: break
            case let status?:
                state.withLock {
                    $0.violations.append("transfer \(transfer.id) was answered with \(status): \(answer?.text ?? "")")
                }
            }
            if answer?.status == 409, transfer.hasCommitted == nil { transfer.hasCommitted = false }
            if transfer.hasCommitted != nil { break }
            try? await Task.sleep(for: .milliseconds(dice.from(5...50)))
        }
        if transfer.hasCommitted != nil { transfer.returnNs = Ledger.now() }
        state.withLock { $0.transfers.append(transfer) }
    }

    /// Looks at all accounts at one moment, again and again.
    func audit(until isOver: @Sendable () -> Bool) async {
        while !isOver(), !Interruption.isRequested {
            for node in Cluster.nodes {
                if let balances = await balances(from: node) { check(balances, "an audit by node \(node)") }
            }
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    private func check(_ balances: [Int: Int64], _ what: String) {
        let sum = balances.values.reduce(0, +)
        let expected = Int64(accounts) * Self.opening
        state.withLock { state in
            state.audits += 1
            if balances.count != accounts { state.violations.append("\(what) found \(balances.count) accounts") }
            if sum != expected { state.violations.append("\(what) found \(sum) instead of \(expected)") }
            if let least = balances.values.min(), least < 0 {
                state.violations.append("\(what) found \(least) in an account")
            }
        }
    }

    /// Every account at one timestamp, page by page; nil where a node did not answer.
    private func balances(from node: Int) async -> [Int: Int64]? {
        struct Page: Decodable {
            struct Item: Decodable {
                let key: String
                let value: String
            }

            let items: [Item]
            let nextCursor: String?
        }
        var balances: [Int: Int64] = [:]
        var cursor: String?
        repeat {
            let path = "/v1/kv?limit=1000" + (cursor.map { "&cursor=\($0)" } ?? "")
            let outcome = await cluster.door.ask(cluster.endpoint(of: node), .GET, path, timeout: .seconds(5))
            guard case .answer(let answer) = outcome, answer.status == 200,
                let page = try? JSONDecoder().decode(Page.self, from: Data(answer.body))
            else { return nil }
            for item in page.items {
                guard let number = item.key.split(separator: "-").last.flatMap({ Int($0) }),
                    let text = Data(base64Encoded: item.value), item.key.contains("/account-")
                else { continue }
                balances[number] = Int64(String(decoding: text, as: UTF8.self)) ?? .min / 2
            }
            cursor = page.nextCursor
        } while cursor != nil
        return balances
    }

    // MARK: Judgement

    /// Reads every account once more, and compares with what clients were told.
    func judge() async -> Judgement {
        var expected = [Int64](repeating: Self.opening, count: accounts)
        let (transfers, audits, known) = state.withLock { ($0.transfers, $0.audits, $0.violations) }
        var judgement = Judgement(audits: audits, violations: known)
        var undecided: Set<Int> = []
        var latencies: [Int64] = []
        for transfer in transfers {
            judgement.retries += transfer.sends - 1
            switch transfer.hasCommitted {
            case true?:
                judgement.committed += 1
                expected[transfer.from] -= transfer.amount
                expected[transfer.to] += transfer.amount
            case false?: judgement.refused += 1
            case nil:
                judgement.open += 1
                undecided.formUnion([transfer.from, transfer.to])
            }
            if let returnNs = transfer.returnNs { latencies.append((returnNs - transfer.callNs) / 1_000_000) }
        }
        latencies.sort()
        if !latencies.isEmpty {
            judgement.p50 = Int(latencies[latencies.count / 2])
            judgement.p99 = Int(latencies[latencies.count * 99 / 100])
            judgement.longest = Int(latencies[latencies.count - 1])
        }
        for node in Cluster.nodes {
            guard let balances = await balances(from: node) else {
                judgement.violations.append("node \(node) does not show the accounts at the end")
                continue
            }
            check(balances, "the last look by node \(node)")
            for account in 0..<accounts where !undecided.contains(account) && balances[account] != expected[account] {
                judgement.violations.append(
                    "account \(account) has \(balances[account].map(String.init) ?? "nothing") by node \(node), "
                        + "and transfers come to \(expected[account])"
                )
            }
        }
        judgement.violations = state.withLock { $0.violations }.filter { !known.contains($0) } + judgement.violations
        if judgement.open > 0 {
            judgement.violations.append("\(judgement.open) transfers were not decided in a minute")
        }
        return judgement
    }

    /// The transfers, a line each.
    var history: String {
        state.withLock { state in
            state.transfers.map { transfer in
                let outcome = transfer.hasCommitted.map { "\($0)" } ?? "null"
                return """
                    {"p": "\(transfer.id)", "call": \(transfer.callNs), "ret": \(transfer.returnNs.map(String.init) ?? "null"), \
                    "op": {"t": [["add", "\(key(transfer.from))", \(-transfer.amount), 0], \
                    ["add", "\(key(transfer.to))", \(transfer.amount), null]]}, "out": {"ok": \(outcome), "r": {}}}
                    """
            }.joined(separator: "\n") + "\n"
        }
    }

    // MARK: Bytes

    private func addition(_ account: Int, _ delta: Int64, floor: Int64? = nil) -> String {
        "{\"key\": \"\(key(account))\", \"delta\": \(delta)\(floor.map { ", \"floor\": \($0)" } ?? "")}"
    }

    private func send(_ body: String, to node: Int) async -> Door.Answer? {
        let outcome = await cluster.door.ask(
            cluster.endpoint(of: node),
            .POST,
            "/v1/kv/transactions",
            headers: [("Content-Type", "application/json")],
            body: Array(body.utf8),
            timeout: .seconds(5)
        )
        if case .answer(let answer) = outcome { return answer }
        return nil
    }
}
