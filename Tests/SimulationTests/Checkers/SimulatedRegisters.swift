import Simulation

/// Numbers that look random and are the same each time (splitmix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}

/// Registers that are linearizable by construction: each operation takes effect at one moment after its call and, if
/// it returns, before its return. Some outcomes stay unknown; of those operations some take effect in time, some late
/// and some never.
struct SimulatedRegisters {
    var operationCount: Int
    var keyCount = 1
    var clientCount: Int
    var unknownPercent = 0

    /// How many different texts are written; nil writes each text once.
    var textCount: Int?
    var meanLatencyNs: Int64 = 1000

    private struct Plan {
        let client: Int
        let callNs: Int64
        let returnNs: Int64?
        let effectNs: Int64?
    }

    func history(using random: inout SeededGenerator) -> RegisterHistory {
        let plans = plans(using: &random)
        var entries = [Entry?](repeating: nil, count: plans.count)
        var values = [String?](repeating: nil, count: keyCount)
        let order = plans.indices.sorted { (plans[$0].effectNs ?? .max, $0) < (plans[$1].effectNs ?? .max, $1) }
        for index in order {
            let plan = plans[index]
            let key = Int.random(in: 0..<keyCount, using: &random)
            let action = action(on: values[key], unique: index, using: &random)
            let (answer, value) = Self.effect(of: action, on: values[key])
            if plan.effectNs != nil { values[key] = value }
            entries[index] = Entry(
                client: plan.client,
                operation: .init(key: "k\(key)", action: action),
                callNs: plan.callNs,
                completion: plan.returnNs.map { .init(answer: answer, returnNs: $0) }
            )
        }
        return RegisterHistory(entries: entries.compactMap { $0 })
    }

    private func plans(using random: inout SeededGenerator) -> [Plan] {
        var plans: [Plan] = []
        var clients = (0..<clientCount).map { (freeNs: Int64($0), client: $0) }
        while plans.count < operationCount {
            let place = clients.indices.min { clients[$0].freeNs < clients[$1].freeNs } ?? 0
            let callNs = clients[place].freeNs + Int64.random(in: 1...max(1, meanLatencyNs / 10), using: &random)
            let returnNs = callNs + Int64.random(in: 1...(2 * meanLatencyNs), using: &random)
            let isUnknown = random.chance(unknownPercent)
            var effectNs: Int64? = Int64.random(in: callNs...returnNs, using: &random)
            if isUnknown, random.chance(40) { effectNs = nil }
            if isUnknown, random.chance(40) { effectNs = effectNs.map { $0 + meanLatencyNs * 20 } }
            plans.append(
                Plan(
                    client: clients[place].client,
                    callNs: callNs,
                    returnNs: isUnknown ? nil : returnNs,
                    effectNs: effectNs
                )
            )
            clients[place].freeNs = returnNs
            if isUnknown { clients[place].client = clientCount + plans.count }
        }
        return plans
    }

    private func action(
        on value: String?,
        unique: Int,
        using random: inout SeededGenerator
    ) -> RegisterOperation.Action {
        let text = "\(textCount.map { Int.random(in: 0..<$0, using: &random) } ?? unique)"
        let guess = "\(textCount.map { Int.random(in: 0..<$0, using: &random) } ?? max(0, unique - 10))"
        return switch Int.random(in: 0..<10, using: &random) {
        case 0..<5: .get
        case 5..<7: .put(text)
        case 7..<9: .cas(expected: random.chance(60) ? value : guess, new: text)
        default: .del
        }
    }

    private static func effect(
        of action: RegisterOperation.Action,
        on value: String?
    ) -> (RegisterOperation.Answer, String?) {
        switch action {
        case .get: (.value(value), value)
        case .put(let new): (.done, new)
        case .del: (.done, nil)
        case .cas(let expected, let new): expected == value ? (.swapped(true), new) : (.swapped(false), value)
        }
    }
}

extension RegisterHistory {
    /// The history with one thing about it changed: an answer, a time, or an operation that is left out.
    func mutated(using random: inout SeededGenerator) -> RegisterHistory {
        var entries = entries
        let index = Int.random(in: entries.indices, using: &random)
        let entry = entries[index]
        let texts = entries.compactMap { if case .value(let value) = $0.completion?.answer { value } else { nil } }
        switch (Int.random(in: 0..<3, using: &random), entry.completion) {
        case (0, let completion?):
            let answer: RegisterOperation.Answer =
                switch completion.answer {
                case .value: .value(texts.randomElement(using: &random))
                case .swapped(let swapped): .swapped(!swapped)
                case .done: .done
                }
            entries[index] = entry.with(callNs: entry.callNs, .init(answer: answer, returnNs: completion.returnNs))
        case (1, let completion?):
            let delayNs = Int64.random(in: 1...3000, using: &random)
            let late = Entry.Completion(answer: completion.answer, returnNs: completion.returnNs + delayNs)
            entries[index] = entry.with(callNs: entry.callNs + delayNs, late)
        default: entries.remove(at: index)
        }
        return RegisterHistory(entries: entries)
    }
}

extension Entry {
    fileprivate func with(callNs: Int64, _ completion: Completion) -> Entry {
        Entry(client: client, operation: operation, callNs: callNs, completion: completion)
    }
}
