import FoundationEssentials
import NIOHTTP1
import Synchronization

/// Many gifts at the same time to one cause, each under a key of its own, through all nodes.
///
/// A client sends a gift again, under its key, until somebody tells what it came to; one in five sends it twice at once, as
/// an impatient finger does. Meanwhile the cause's total is looked at: it must hold what had been answered when it was
/// asked for, and nothing that nobody had given.
final class Giving: Sendable {
    /// A gift as its client saw it.
    struct Gift: Sendable {
        let number: Int
        let donor: Int
        let amount: Int64
        let callNs: Int64
        var returnNs: Int64?
        var sends = 0
        /// What was answered, byte for byte.
        var body: [UInt8] = []
        var answer: Answer?

        var key: String { "gift-\(number)" }
    }

    /// What a donation says of itself, as far as it is looked at here.
    struct Answer: Decodable, Sendable {
        struct Transfer: Decodable, Sendable {
            let id: String
            let eventId: String
            let amount: Int64
        }

        let id: String
        let status: String
        let transactions: [Transfer]
    }

    private struct State {
        var gifts: [Gift] = []
        var begunAmount: Int64 = 0
        var answeredAmount: Int64 = 0
        var looks = 0
        var violations: [String] = []
    }

    let client: PersistentClient
    let donors: [Donor]
    let cause: String
    /// How many gifts are decided.
    let answered = Counter()
    private let numbers = Counter()
    private let state = Mutex(State())

    init(_ client: PersistentClient, donors: [Donor], cause: String) {
        self.client = client
        self.donors = donors
        self.cause = cause
    }

    var gifts: [Gift] { state.withLock { $0.gifts } }
    var looks: Int { state.withLock { $0.looks } }
    var violations: [String] { state.withLock { $0.violations } }

    func complain(_ text: String) { state.withLock { $0.violations.append(text) } }

    // MARK: Clients

    /// Gives so often, all at the same time.
    func give(_ count: Int, _ dice: Dice) async {
        var dice = dice
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                let dice = dice.fork()
                let number = numbers.next()
                group.addTask { await self.giveOnce(number, dice) }
            }
        }
    }

    private func giveOnce(_ number: Int, _ dice: Dice) async {
        var dice = dice
        var gift = Gift(
            number: number,
            donor: number % donors.count,
            amount: Int64(dice.from(1...100)),
            callNs: Ledger.now()
        )
        let (donor, amount, key, client, cause) = (donors[gift.donor], gift.amount, gift.key, client, cause)
        state.withLock { $0.begunAmount += amount }
        let copies = (0..<(dice.percent(20) ? 2 : 1)).map { _ in dice.fork() }
        await withTaskGroup(of: PersistentClient.Told.self) { group in
            for dice in copies {
                group.addTask {
                    var dice = dice
                    return await donor.give(amount, to: cause, key: key, client, &dice)
                }
            }
            for await told in group { take(told, &gift) }
        }
        state.withLock { [gift] in $0.gifts.append(gift) }
        _ = answered.next()
    }

    /// Notes an answer to a gift: the first one decides, and every other must be the same.
    private func take(_ told: PersistentClient.Told, _ gift: inout Gift) {
        gift.sends += told.sends
        guard let answer = told.answer else { return }
        guard answer.status == 201 else { return complain("\(gift.key) was answered with \(told.summary)") }
        guard gift.answer == nil else {
            if answer.body != gift.body { complain("\(gift.key) was answered differently: \(told.summary)") }
            return
        }
        gift.returnNs = Ledger.now()
        gift.body = answer.body
        gift.answer = try? JSONDecoder().decode(Answer.self, from: Data(answer.body))
        guard let answer = gift.answer, answer.status == "succeeded", answer.transactions.count == 1,
            answer.transactions[0].eventId == cause, answer.transactions[0].amount == gift.amount
        else { return complain("\(gift.key) was answered with \(told.summary)") }
        state.withLock { [gift] in $0.answeredAmount += gift.amount }
    }

    /// Looks at the cause's total, again and again.
    func watch(_ dice: Dice, until isOver: @Sendable () -> Bool) async {
        var dice = dice
        while !isOver(), !Interruption.isRequested {
            let floor = state.withLock { $0.answeredAmount }
            let node = dice.pick(Cluster.nodes)
            if let total = await total(from: node, &dice)?.raised.amount {
                state.withLock { state in
                    state.looks += 1
                    if !(floor...state.begunAmount ~= total) {
                        state.violations.append(
                            "node \(node) showed a total of \(total): \(floor) had been answered, "
                                + "\(state.begunAmount) begun"
                        )
                    }
                }
            }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    /// What `GET /v1/events/{id}/totals` says.
    struct Totals: Decodable, Sendable {
        struct Money: Decodable, Sendable {
            let amount: Int64
        }

        let raised: Money
        let count: Int
    }

    func total(from node: Int, _ dice: inout Dice) async -> Totals? {
        let told = await client.ask(.GET, "/v1/events/\(cause)/totals", at: node, &dice)
        guard told.status == 200, let answer = told.answer else { return nil }
        return try? JSONDecoder().decode(Totals.self, from: Data(answer.body))
    }
}
