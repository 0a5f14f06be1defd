// Whether a ledger adds up. The store's own timestamps say in which order transactions took place; that order is held
// against everything that clients saw, and against real time. If it agrees with both it is itself the proof that the
// history is strictly serializable: nothing has to be searched.
//
//     value of a key at T  =  Σ deltas committed at or below T  +  some of those of which nobody knows

/// The judgement on a ledger.
public struct LedgerAudit: Sendable {
    /// What is wrong, in words, at most ``mostFindings`` of each rule.
    public private(set) var findings: [String] = []

    /// How many findings of each rule are told.
    public static let mostFindings = 4

    private let ledger: Ledger
    private var accounts: [Account] = []
    private var placeOfKey: [String: Int] = [:]
    private var counts: [String: Int] = [:]

    /// One key's books.
    private struct Account {
        let key: String
        /// In the order of their timestamps: what was committed, and what the amount then was.
        var versions: [(timestamp: UInt64, entry: Int, value: Int64)] = []
        /// What may have been added, or not.
        var doubtful: [Int64] = []

        /// What it came to at a timestamp, by what is known.
        func value(at timestamp: UInt64) -> Int64 {
            let count = versions.partitionPoint { $0.timestamp <= timestamp }
            return count == 0 ? 0 : versions[count - 1].value
        }

        /// Whether some of what is doubtful may have come to this. Past ``mostSums`` different sums only the limits
        /// between which they lie are looked at.
        func mayHave(_ difference: Int64) -> Bool {
            if doubtful.isEmpty { return difference == 0 }
            let least = doubtful.filter { $0 < 0 }.reduce(0, +)
            let most = doubtful.filter { $0 > 0 }.reduce(0, +)
            guard least...most ~= difference else { return false }
            var sums: Set<Int64> = [0]
            for delta in doubtful {
                if sums.count > Self.mostSums { return true }
                sums.formUnion(sums.map { $0 + delta })
            }
            return sums.contains(difference)
        }

        private static let mostSums = 4096
    }

    /// Judges a ledger.
    public init(of ledger: Ledger) {
        self.ledger = ledger
        post()
        checkRealTime()
        checkSeen()
        for look in ledger.looks { check(look) }
        checkVersions()
        for entry in ledger.entries { checkRefusal(entry) }
    }

    private mutating func find(_ rule: String, _ text: String) {
        counts[rule, default: 0] += 1
        if counts[rule, default: 0] <= Self.mostFindings { findings.append("\(rule): \(text)") }
    }

    // MARK: Books

    private mutating func post() {
        let order = ledger.entries.indices.sorted {
            (ledger.entries[$0].fate.timestamp ?? 0, $0) < (ledger.entries[$1].fate.timestamp ?? 0, $1)
        }
        for place in order {
            let entry = ledger.entries[place]
            for posting in entry.postings {
                let account = account(of: posting.key)
                switch entry.fate {
                case .committed(let timestamp):
                    let value = (accounts[account].versions.last?.value ?? 0) + posting.delta
                    accounts[account].versions.append((timestamp, place, value))
                case .unknown: accounts[account].doubtful.append(posting.delta)
                case .refused, .failed: break
                }
            }
        }
    }

    private mutating func account(of key: String) -> Int {
        if let place = placeOfKey[key] { return place }
        placeOfKey[key] = accounts.count
        accounts.append(Account(key: key))
        return accounts.count - 1
    }

    // MARK: Rules

    /// Who is called after another was answered lies behind it.
    private mutating func checkRealTime() {
        var events: [(ns: Int64, isReturn: Bool, place: Int, timestamp: UInt64)] = []
        for (place, entry) in ledger.entries.enumerated() {
            guard let timestamp = entry.fate.timestamp else { continue }
            events.append((entry.callNs, false, place, timestamp))
            if let ns = entry.returnNs { events.append((ns, true, place, timestamp)) }
        }
        for (place, look) in ledger.looks.enumerated() where look.isFresh {
            events.append((look.callNs, false, -place - 1, look.timestamp))
            events.append((look.returnNs, true, -place - 1, look.timestamp))
        }
        let text = { [ledger] (place: Int) in
            place < 0 ? "\(ledger.looks[-place - 1])" : "\(ledger.entries[place])"
        }
        // Of one instant, calls come first: such operations are concurrent.
        events.sort { ($0.ns, $0.isReturn ? 1 : 0, $0.place) < ($1.ns, $1.isReturn ? 1 : 0, $1.place) }
        var latest: (timestamp: UInt64, place: Int)?
        for event in events {
            if event.isReturn {
                if event.timestamp > latest?.timestamp ?? 0 { latest = (event.timestamp, event.place) }
            } else if let latest, event.timestamp <= latest.timestamp {
                find(
                    "real time",
                    "this was answered\n    \(text(latest.place))\n  before this was called, which is not behind it:\n"
                        + "    \(text(event.place))"
                )
            }
        }
    }

    /// What a transaction has read is what was there just before it.
    private mutating func checkSeen() {
        for account in accounts {
            var before: Int64 = 0
            for version in account.versions {
                let entry = ledger.entries[version.entry]
                let posting = entry.postings.first { $0.key == account.key }
                if let seen = posting?.seen, !account.mayHave(seen - before) {
                    find("read", "\(account.key) was \(before) just before, and is not what this read:\n    \(entry)")
                }
                before = version.value
            }
        }
    }

    private mutating func check(_ look: Ledger.Look) {
        var found: [String: Int64] = [:]
        for amount in look.amounts {
            found[amount.key] = amount.value
            guard let place = placeOfKey[amount.key] else {
                if amount.value != 0 { find("sum", "nobody changed \(amount.key), yet this was seen:\n    \(look)") }
                continue
            }
            let known = accounts[place].value(at: look.timestamp)
            if !accounts[place].mayHave(amount.value - known) {
                let doubtful = accounts[place].doubtful
                find(
                    "sum",
                    "\(amount.key) came to \(known) by what was committed, with \(doubtful) in doubt, yet this was seen:"
                        + "\n    \(look)"
                )
            }
        }
        for bounds in ledger.bounds {
            if let value = found[bounds.key], !bounds.range.contains(value) {
                find("bounds", "\(bounds.key) must lie in \(bounds.range):\n    \(look)")
            }
        }
        for keys in ledger.conserved {
            let values = keys.compactMap { found[$0] }
            guard values.count == keys.count, let total = total(of: keys, at: look.timestamp) else { continue }
            let sum = values.reduce(0, +)
            if sum != total { find("conservation", "the sum is \(sum) and must be \(total):\n    \(look)") }
        }
    }

    /// What keys hold together once the first transaction that touches them all has taken place; nil before.
    private func total(of keys: [String], at timestamp: UInt64) -> Int64? {
        let opening = ledger.entries.first { entry in
            entry.fate.timestamp.map { $0 <= timestamp } ?? false
                && keys.allSatisfy { key in entry.postings.contains { $0.key == key } }
        }
        return opening.map { $0.postings.filter { keys.contains($0.key) }.reduce(0) { $0 + $1.delta } }
    }

    /// No version of an amount, seen or not, is out of bounds, as far as there is no doubt about it.
    private mutating func checkVersions() {
        for account in accounts where account.doubtful.isEmpty {
            let range = ledger.bounds.first { $0.key == account.key }?.range
            for version in account.versions {
                let entry = ledger.entries[version.entry]
                let posting = entry.postings.first { $0.key == account.key }
                let isBelow = posting?.floor.map { version.value < $0 } ?? false
                let isAbove = posting?.ceiling.map { version.value > $0 } ?? false
                if isBelow || isAbove || range.map({ !$0.contains(version.value) }) ?? false {
                    find("bounds", "this made \(account.key) \(version.value), out of its bounds:\n    \(entry)")
                }
            }
        }
    }

    /// Who is refused must have been out of bounds at some moment while he asked.
    private mutating func checkRefusal(_ entry: Ledger.Entry) {
        guard case .refused(let key) = entry.fate, let returnNs = entry.returnNs else { return }
        guard let posting = entry.postings.first(where: { $0.key == key }), let place = placeOfKey[key] else { return }
        let account = accounts[place]
        // Whoever was answered before the call comes before it, and whoever was called after the answer comes behind.
        let first = account.versions.lastIndex { ledger.entries[$0.entry].returnNs.map { $0 < entry.callNs } ?? false }
        let end = account.versions.firstIndex { ledger.entries[$0.entry].callNs > returnNs } ?? account.versions.count
        let start = first.map { $0 + 1 } ?? 0
        guard start <= end else { return }
        let least = account.doubtful.filter { $0 < 0 }.reduce(0, +)
        let most = account.doubtful.filter { $0 > 0 }.reduce(0, +)
        for count in start...end {
            let value = (count == 0 ? 0 : account.versions[count - 1].value) + posting.delta
            if let floor = posting.floor, value + least < floor { return }
            if let ceiling = posting.ceiling, value + most > ceiling { return }
        }
        let values = (start...end).map { $0 == 0 ? 0 : account.versions[$0 - 1].value }
        let range = "\(values.min() ?? 0) to \(values.max() ?? 0)"
        find("false refusal", "\(key) was \(range) while this was refused:\n    \(entry)")
    }
}

extension Ledger.Fate {
    /// When it took place, if it is known that it did.
    var timestamp: UInt64? {
        if case .committed(let timestamp) = self { timestamp } else { nil }
    }
}

extension Array {
    /// How many elements at the front satisfy a condition that none behind them does.
    fileprivate func partitionPoint(_ isInFront: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isInFront(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
