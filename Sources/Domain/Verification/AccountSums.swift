internal import KVStore

/// Adds up what the accounts of a bucket hold, and compares it with their counters when the bucket ends; adds up all of
/// a currency, and compares it in the end.
struct AccountSums {
    private struct Balance: Hashable {
        let account: LedgerAccount
        let currency: Currency
    }

    private var bucket: Bucket?
    private var counters: [Balance: Int64] = [:]
    private var sums: [Balance: Int128] = [:]
    private var giftCounts: [EventID: Int64] = [:]
    private var gifts: [EventID: Int64] = [:]
    private var currencies: [Currency: VerificationReport.CurrencySums] = [:]

    mutating func take(_ record: VerifiedRecord, _ item: EntryPage.Entry, _ report: inout VerificationReport) {
        let here = Bucket(UInt16(item.key[1]) << 8 | UInt16(item.key[2]))
        if here != bucket {
            compare(&report)
            bucket = here
        }
        switch record {
        case .balance(let account, let currency, let value):
            report.counts.accounts += 1
            counters[Balance(account: account, currency: currency)] = value
            change(currency) { $0.balances += Int128(value) }
            if value < account.floor {
                report.breach("floor", "\(account) has \(value) \(currency)")
            }
        case .entry(let account, _, let entry):
            report.counts.entries += 1
            let amount = Int128(entry.money.amount)
            sums[Balance(account: account, currency: entry.money.currency), default: 0] += amount
            change(entry.money.currency) {
                if amount < 0 { $0.debits -= amount } else { $0.credits += amount }
            }
            if case .cause(let event) = account, entry.kind == .donation { gifts[event, default: 0] += 1 }
        case .hold(let account, _, let entry):
            report.counts.holds += 1
            let amount = Int128(entry.money.amount)
            if amount < 0 { sums[Balance(account: account, currency: entry.money.currency), default: 0] += amount }
            change(entry.money.currency) {
                if amount < 0 {
                    $0.pendingDebits -= amount
                    // It left the balance, and no other has it yet.
                    $0.balances -= amount
                } else {
                    $0.pendingCredits += amount
                }
            }
        case .giftCount(let event, let count): giftCounts[event] = count
        default: break
        }
    }

    mutating func finish(_ report: inout VerificationReport) {
        compare(&report)
        report.sums = currencies.sorted { $0.key < $1.key }.map(\.value)
        for sum in report.sums {
            if sum.debits != sum.credits {
                report.breach("double-entry", "\(sum.currency): debits \(sum.debits), credits \(sum.credits)")
            }
            if sum.pendingDebits != sum.pendingCredits {
                let detail = "\(sum.currency): pending debits \(sum.pendingDebits), credits \(sum.pendingCredits)"
                report.breach("double-entry", detail)
            }
            if sum.balances != 0 {
                report.breach("double-entry", "\(sum.currency): the balances add up to \(sum.balances)")
            }
        }
    }

    private mutating func change(_ currency: Currency, _ body: (inout VerificationReport.CurrencySums) -> Void) {
        body(&currencies[currency, default: .init(currency: currency)])
    }

    private mutating func compare(_ report: inout VerificationReport) {
        let balances = Set(counters.keys).union(sums.keys).sorted {
            ("\($0.account)", $0.currency) < ("\($1.account)", $1.currency)
        }
        for balance in balances {
            let counter = Int128(counters[balance] ?? 0)
            let sum = sums[balance] ?? 0
            guard counter != sum else { continue }
            report.breach(
                "balance-is-history",
                "\(balance.account) has \(counter) \(balance.currency), its history and holds add up to \(sum)"
            )
        }
        for event in Set(giftCounts.keys).union(gifts.keys).sorted() {
            let count = giftCounts[event] ?? 0
            let listed = gifts[event] ?? 0
            guard count != listed else { continue }
            report.breach("count-is-history", "event \(event) counts \(count) gifts, its history has \(listed)")
        }
        counters = [:]
        sums = [:]
        giftCounts = [:]
        gifts = [:]
    }
}
