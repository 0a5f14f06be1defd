import FoundationEssentials
import NIOHTTP1

extension Giving {
    private static let atOnce = 32
    private static let mostComplaints = 20

    /// Sends every gift once more: each must be answered as before, and say that it was.
    func sendAgain(_ dice: Dice) async throws {
        var dice = dice
        let gifts = gifts
        let all = gifts.map { _ in dice.fork() }
        try await inParallel(0..<gifts.count, atOnce: Self.atOnce) { [self] place in
            var dice = all[place]
            let gift = gifts[place]
            guard gift.answer != nil else { return }
            let told = await donors[gift.donor].give(gift.amount, to: cause, key: gift.key, client, &dice)
            guard told.status == 201, told.answer?.body == gift.body, told.isReplay else {
                return complain("\(gift.key), sent again, was answered with \(told.summary)")
            }
        }
    }

    /// Compares what the cluster shows with what clients were told.
    func judge(_ dice: Dice) async throws {
        var dice = dice
        let gifts = gifts
        let undecided = gifts.count { $0.answer == nil }
        if undecided > 0 { complain("\(undecided) gifts were not decided in two minutes") }
        let ids = gifts.compactMap { $0.answer?.id }
        if Set(ids).count != ids.count { complain("two gifts have the same id") }

        let raised = gifts.map(\.amount).reduce(0, +)
        for node in Cluster.nodes {
            guard let totals = await total(from: node, &dice) else {
                complain("node \(node) does not show the cause's total")
                continue
            }
            if totals.raised.amount != raised || totals.count != gifts.count {
                complain(
                    "node \(node) shows \(totals.raised.amount) from \(totals.count) gifts, "
                        + "and \(gifts.count) gifts come to \(raised)"
                )
            }
        }
        let transfers = gifts.compactMap { $0.answer?.transactions.first }
        let path = "/v1/events/\(cause)/donations"
        await compare("the cause's history", path, as: donors[0], transfers.map { ($0.id, $0.amount) }, &dice)
        let all = donors.map { _ in dice.fork() }
        try await inParallel(0..<donors.count, atOnce: Self.atOnce) { [self] number in
            await judge(number, gifts.filter { $0.donor == number }, all[number])
        }
    }

    /// A donor's wallet and histories.
    private func judge(_ number: Int, _ gifts: [Gift], _ dice: Dice) async {
        var dice = dice
        let donor = donors[number]
        let given = gifts.map(\.amount).reduce(0, +)
        let balance = await donor.balance(client, &dice)
        if balance != donor.opening - given {
            complain("\(donor.name) has \(balance.map(String.init) ?? "nothing") after giving \(given)")
        }
        let donations = gifts.compactMap { gift in gift.answer.map { ($0.id, gift.amount) } }
        await compare("\(donor.name)'s history", "/v1/users/me/donations", as: donor, donations, &dice)
        let transfers = gifts.compactMap { $0.answer?.transactions.first }.map { ($0.id, -$0.amount) }
        await compare("\(donor.name)'s wallet", "/v1/wallet/entries", as: donor, transfers, &dice)
    }

    private struct Page: Decodable {
        struct Item: Decodable {
            let id: String
            let kind: String?
            let amount: Int64
        }

        let items: [Item]
        let nextCursor: String?
    }

    /// Reads a list to its end: what is expected must be there, each once, and nothing else.
    private func compare(
        _ what: String,
        _ path: String,
        as donor: Donor,
        _ expected: [(id: String, amount: Int64)],
        _ dice: inout Dice
    ) async {
        var wanted = Dictionary(expected, uniquingKeysWith: { first, _ in first })
        var cursor: String?
        var wrong: [String] = []
        repeat {
            let query = "?limit=100" + (cursor.map { "&cursor=\($0)" } ?? "")
            let told = await client.ask(.GET, path + query, as: donor.token, &dice)
            guard told.status == 200, let answer = told.answer,
                let page = try? JSONDecoder().decode(Page.self, from: Data(answer.body))
            else { return complain("\(what) cannot be read: \(told.summary)") }
            for item in page.items where item.kind != "top-up" {
                guard let amount = wanted.removeValue(forKey: item.id) else {
                    wrong.append("\(what) shows \(item.id), which was not given, or shows it twice")
                    continue
                }
                if amount != item.amount { wrong.append("\(what) shows \(item.amount) for \(item.id), not \(amount)") }
            }
            cursor = page.nextCursor
        } while cursor != nil
        wrong += wanted.keys.sorted().map { "\(what) lacks \($0)" }
        for text in wrong.prefix(Self.mostComplaints) { complain(text) }
    }

    /// A line each.
    var history: String {
        gifts.map { gift in
            let returned = gift.returnNs.map(String.init) ?? "null"
            return """
                {"key": "\(gift.key)", "donor": \(gift.donor), "amount": \(gift.amount), "call": \(gift.callNs), \
                "ret": \(returned), "sends": \(gift.sends), "id": "\(gift.answer?.id ?? "")"}

                """
        }.joined()
    }

    /// Milliseconds until gifts were decided, in order.
    var latencies: [Double] {
        gifts.compactMap { gift in gift.returnNs.map { Double($0 - gift.callNs) / 1e6 } }.sorted()
    }
}
